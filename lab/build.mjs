// Bundles the panel into the Python package, or its unit tests into lib/test.
//
//   node build.mjs [--prod | --watch | --test]

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, context } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const flag = process.argv[2] ?? '';

const common = {
  absWorkingDir: here,
  bundle: true,
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  target: 'es2022',
  logLevel: 'info',
};

const panel = {
  ...common,
  entryPoints: { panel: 'src/panel/index.tsx' },
  outdir: '../milvus_nb/static',
  minify: flag === '--prod',
  legalComments: 'none',
  // No sourceMappingURL: anywidget serves the text of the file from a blob, which has no siblings.
  sourcemap: flag === '--prod' ? false : 'inline',
};

const tests = {
  ...common,
  entryPoints: readdirSync(join(here, 'test'))
    .filter(name => /\.test\.tsx?$/.test(name))
    .map(name => join('test', name)),
  outdir: 'lib/test',
  outExtension: { '.js': '.mjs' },
  platform: 'node',
};

if (flag === '--watch') {
  await (await context(panel)).watch();
} else {
  await build(flag === '--test' ? tests : panel);
}
