// The system that the addon runs on. Each has files of its own here (native/wasm/platform.cc for
// WebAssembly), so that no other code asks which one it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace iabn::platform {

size_t page_bytes();
// Pages of zeros, on huge ones if the system grants them; null if it has no memory.
void* map_pages(size_t bytes);
void unmap_pages(void* data, size_t bytes);
// Returns mapped pages to the system; they read as zeros.
void clear_pages(void* data, size_t bytes);
// Backs whole pages with memory and keeps their content. False if the system has no memory.
bool populate_pages(uint8_t* data, size_t length);

// Memory of the machine; 0 where the system does not say.
uint64_t physical_bytes();
// As the system names it, by codes where it has no name, or "unknown".
std::string processor_name();
// Those that this process may use, at least one.
int processors();

// Of the environment as it is now, in UTF-8; JavaScript may have changed it.
std::optional<std::string> variable(const char* name);

// The way for a thread that ends to part with threads that it started: wait for them; tell them to end, while
// they may go on for a moment; or nothing, as they have ended with the process.
enum class Parting { join, leave, none };
Parting parting_from_threads();

// Calls `child` in each child of a fork, for the rest of the process.
void at_fork(void (*child)());
// Makes this process end when its parent, process `parent`, ends, where the system can. Returns false if the
// parent is already gone.
bool die_with_parent(size_t parent);
// Ends the process immediately: exit() would join threads that may be blocked.
[[noreturn]] void exit_now(int code);

// Never closed, because a library's objects and threads may live as long as the process. Throws
// std::runtime_error that names `what` and the system's reason.
void* open_library(const std::string& path, const std::string& what);
// Null if the library has no such symbol.
void* symbol_of(void* library, const char* name);

}  // namespace iabn::platform
