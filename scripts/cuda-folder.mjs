// Makes a folder that runs the CUDA tests and benchmarks on a machine with a GPU, without npm's registry or a
// compiler.
//   npm run cuda-folder -- FOLDER
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureNativeAddon } from './lib/native.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { setup } from './lib/setup.mjs';
import { filesUnder, hashOf } from './lib/stamp.mjs';
import { runMain, StepError, say, step } from './lib/steps.mjs';

const RELEASE = inRoot('native', 'build', 'Release');
const MOST_BYTES = 60 * 2 ** 20;

/** Libraries of the C and C++ runtime, which every machine has; all others of the addon are packed. */
const OF_THE_MACHINE = /^(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so)/;

const PROGRAMS = {
  'doctor.mjs': 'packages/cuda/src/cli/doctor.ts',
  'bench.mjs': 'bench/cuda.mjs',
  'float32.test.mjs': 'packages/cuda/test/kernels/float32.long.test.ts',
  'bfloat16.test.mjs': 'packages/cuda/test/kernels/bfloat16.long.test.ts',
  'float16.test.mjs': 'packages/cuda/test/kernels/float16.long.test.ts',
  'specials.test.mjs': 'packages/cuda/test/kernels/specials.test.ts',
  'shapes.test.mjs': 'packages/cuda/test/kernels/shapes.test.ts',
  'training.test.mjs': 'packages/recipes/test/engine/cuda.long.test.ts',
};

/** Path by name of the shared libraries that `file` is linked with. */
function librariesOf(file) {
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' });
  const found = [...stdout.matchAll(/^\s*(\S+) => (\S+)/gm)].map(([, name, at]) => [name, at]);
  return new Map(found.filter(([name]) => !OF_THE_MACHINE.test(name)));
}

function pack(folder, name, bytes) {
  writeFileSync(path.join(folder, 'packed', `${name}.gz`), gzipSync(bytes, { level: 9 }));
}

/** The Node that runs this script, stripped of symbols if `strip` is installed. */
function nodeBinary() {
  const copy = inRoot('.cache', 'node-stripped');
  const stripped = spawnSync('strip', ['-o', copy, process.execPath]);
  return readFileSync(stripped.status === 0 ? copy : process.execPath);
}

async function bundle(folder) {
  // Loaded here because setup installs it.
  const { build } = await import('esbuild');
  const alias = { vitest: inRoot('tools', 'cuda-folder', 'vitest.mjs') };
  const plugin = {
    name: 'sources',
    setup(context) {
      context.onResolve({ filter: /^@inplace-abn\/[a-z-]+$/ }, ({ path: name }) => ({
        path: inRoot('packages', name.split('/')[1], 'src', 'index.ts'),
      }));
      // Nothing in the folder decodes images, and sharp would bring a native binary.
      context.onResolve({ filter: /^sharp$/ }, () => ({ path: 'sharp', namespace: 'absent' }));
      context.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
        contents: "export default () => { throw new Error('this folder has no image decoder'); };",
      }));
    },
  };
  for (const [name, entry] of Object.entries(PROGRAMS)) {
    await build({
      entryPoints: [inRoot(entry)],
      outfile: path.join(folder, 'programs', name),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      alias,
      plugins: [plugin],
      logLevel: 'error',
      // CommonJS dependencies load Node's modules with require.
      banner: {
        js: "import { createRequire as iabnRequire } from 'node:module'; const require = iabnRequire(import.meta.url);",
      },
    });
  }
}

function bytesIn(files) {
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}

await runMain(async () => {
  const [target] = process.argv.slice(2);
  if (!target) throw new StepError('name the folder to make: npm run cuda-folder -- FOLDER');
  const folder = path.resolve(process.env.INIT_CWD ?? process.cwd(), target);
  process.env.IABN_FORCE_CUDA = '1';
  await setup();
  await ensureNativeAddon();
  await step('folder', async () => {
    rmSync(folder, { recursive: true, force: true });
    for (const part of ['packed', 'programs', 'peers'])
      mkdirSync(path.join(folder, part), { recursive: true });
    const addon = path.join(RELEASE, 'inplace_abn.node');
    pack(folder, 'node', nodeBinary());
    const gloo = path.join(RELEASE, 'inplace_abn_gloo.so');
    for (const name of ['inplace_abn.node', 'inplace_abn_gloo.so', 'inplace_abn_cuda.so']) {
      pack(folder, name, readFileSync(path.join(RELEASE, name)));
    }
    for (const [name, file] of new Map([...librariesOf(addon), ...librariesOf(gloo)])) {
      pack(folder, name, readFileSync(file));
    }
    await bundle(folder);
    for (const peer of ['peer.py', 'networks.py', 'cuda_abn.py', 'cuda_train.py']) {
      copyFileSync(inRoot('bench', 'peers', peer), path.join(folder, 'peers', peer));
    }
    cpSync(inRoot('tools', 'oracle'), path.join(folder, 'peers', 'oracle'), { recursive: true });
    copyFileSync(inRoot('tools', 'cuda-folder', 'start.sh'), path.join(folder, 'start.sh'));
    const files = filesUnder(path.relative(root, folder), []);
    writeFileSync(path.join(folder, 'version'), hashOf(files).slice(0, 12));
  });
  const bytes = bytesIn(filesUnder(path.relative(root, folder), []).map((file) => inRoot(file)));
  say(
    `${folder}: ${(bytes / 2 ** 20).toFixed(1)} MB; there: ./start.sh doctor, ./start.sh test, ./start.sh bench`,
  );
  if (bytes > MOST_BYTES) throw new StepError('the folder is larger than 60 MB');
  return 0;
});
