// @ts-check

/** The sidebar: Markdown files by group, in reading order. Their first headings are the titles. */
const GROUPS = [
  {
    title: 'Start',
    files: [
      'docs/getting-started.md',
      'examples/tour/README.md',
      'docs/own-network.md',
      'docs/fine-tuning.md',
      'docs/data.md',
      'docs/training-options.md',
      'docs/segmentation.md',
      'examples/README.md',
    ],
  },
  {
    title: 'Run',
    files: [
      'docs/memory.md',
      'packages/recipes/README.md',
      'docs/many-processes.md',
      'docs/scaling.md',
      'docs/cuda.md',
      'docs/file-formats.md',
      'docs/troubleshooting.md',
    ],
  },
  { title: 'Weights and export', files: ['docs/weights.md', 'docs/export.md', 'docs/packages.md'] },
  {
    title: 'The paper',
    files: ['docs/experiments.md', 'docs/upstream-differences.md', 'bench/RESULTS.md'],
  },
  {
    title: 'Work on it',
    files: [
      'CONTRIBUTING.md',
      'docs/first-change.md',
      'docs/architecture.md',
      'docs/compiler.md',
      'docs/adding-an-op.md',
      'docs/adding-a-pass.md',
      'docs/native-layer.md',
      'docs/testing.md',
      'docs/performance-notes.md',
    ],
  },
];

/**
 * The groups with the files that there are; documents that none names come last.
 * @param {readonly string[]} files
 */
export function navigationOf(files) {
  const named = new Set(GROUPS.flatMap((group) => group.files));
  const more = files.filter((file) => /^docs\/[^/]+\.md$/.test(file) && !named.has(file));
  const groups = GROUPS.map(({ title, files: listed }) => ({
    title,
    files: listed.filter((file) => files.includes(file)),
  }));
  return more.length > 0 ? [...groups, { title: 'More', files: more }] : groups;
}
