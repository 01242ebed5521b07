// Shared by group normalization and its backward: division of work, and sums per channel.
//
// A task is some whole groups of one image. Sums are per channel, so that loops run along the channels for
// any group size, and are then added per group in float64.
#pragma once

#include <algorithm>

#include "cpu/loops/closure.h"
#include "cpu/loops/parallel.h"

namespace iabn {

constexpr int64_t kStripChannels = 256;  // whose sums are on the stack at a time
constexpr int64_t kTaskChannels = 64;    // of a task at least, where there are as many
constexpr int64_t kGroupRun = 64;        // rows summed in float32 before they are added to a float64 sum

struct GroupShape {
  int64_t images, channels, area, groups;

  static GroupShape from(const TensorDesc& x, int64_t groups) {
    const int64_t images = x.dims[0];
    return {images, x.channels(), images == 0 ? 0 : x.rows() / images, groups};
  }
  int64_t width() const { return channels / groups; }
  int64_t elements() const { return images * channels * area; }
  double size() const { return static_cast<double>(width() * area); }  // of a group
  int64_t groups_of_task() const {
    return width() == 0 ? groups : std::min(groups, ceil_div(kTaskChannels, width()));
  }
};

// Some groups of one image, and their channels; `thread` selects the scratch memory.
struct GroupTask {
  int64_t image, group, groups, channel, channels, thread;
};

// Calls body(task) for tasks that cover all images and groups, on all threads.
template <class Body>
void parallel_groups(const GroupShape& shape, const Body& body) {
  const int64_t step = shape.groups_of_task(), tasks = ceil_div(shape.groups, step);
  const int64_t count = shape.images * tasks;
  parallel_divide(threads_for(count, shape.elements()), count, [&](int64_t i, int thread) {
    const int64_t group = i % tasks * step, groups = std::min(step, shape.groups - group);
    body(GroupTask{i / tasks, group, groups, group * shape.width(), groups * shape.width(), thread});
  });
}

// A part of one image: `rows` pixels, `pitch` elements apart, with `channels` channels.
struct Patch {
  int64_t rows, pitch, channels;
};

// Calls body(first, channels) for strips of at most kStripChannels.
template <class Body>
IABN_INLINE void for_strips(int64_t channels, const Body& body) {
  for (int64_t first = 0; first < channels; first += kStripChannels) {
    body(first, std::min(kStripChannels, channels - first));
  }
}

}  // namespace iabn
