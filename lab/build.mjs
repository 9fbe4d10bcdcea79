// Bundles the panel into the Python package and the JupyterLab extension into lib, where
// jupyter-builder takes it from; or the unit tests into lib/test.
//
//   node build.mjs [--prod | --watch | --test]

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, context } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const flag = process.argv[2] ?? '';

const common = {
  absWorkingDir: here,
  metafile: true,
  bundle: true,
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  target: 'es2022',
  // Libraries leave their help with debugging out.
  minify: flag === '--prod',
  legalComments: 'none',
  logLevel: 'info',
};

const panel = {
  ...common,
  entryPoints: { panel: 'src/panel/widget.tsx' },
  outdir: '../milvus_nb/static',
  // No sourceMappingURL: anywidget serves the text of the file from a blob, which has no siblings.
  sourcemap: flag === '--prod' ? false : 'inline',
};

const extension = {
  ...common,
  entryPoints: { index: 'src/plugins/index.ts' },
  outdir: 'lib',
  // JupyterLab has them, and shares them with its extensions.
  external: ['@jupyterlab/*', '@lumino/*'],
  splitting: true,
  sourcemap: flag === '--prod' ? false : 'inline',
};

const styles = {
  ...common,
  entryPoints: { index: 'src/plugins/extension.css' },
  outdir: 'lib',
};

const tests = {
  ...common,
  entryPoints: readdirSync(join(here, 'test'), { recursive: true })
    .filter(name => /\.test\.tsx?$/.test(name))
    .map(name => join('test', name)),
  outbase: 'test',
  outdir: 'lib/test',
  outExtension: { '.js': '.mjs' },
  platform: 'node',
  // Some of JupyterLab's packages are CommonJS.
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
};

if (flag === '--test') {
  rmSync(join(here, 'lib/test'), { recursive: true, force: true });
}
const wanted = flag === '--test' ? [tests] : [panel, extension, styles];
const bundled = new Set();
for (const options of wanted) {
  if (flag === '--watch') {
    await (await context(options)).watch();
    continue;
  }
  const { metafile } = await build(options);
  for (const file of Object.keys(metafile.inputs)) {
    const found = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(file);
    if (found) bundled.add(found[1]);
  }
}
if (flag === '' || flag === '--prod') {
  writeFileSync(join(here, '../milvus_nb/static/LICENSES.txt'), licences([...bundled].sort()));
}

/** The licence texts of what is in the bundles, as they want to be given along. */
function licences(folders) {
  return folders
    .map(folder => {
      const about = JSON.parse(readFileSync(join(here, folder, 'package.json'), 'utf8'));
      const text = readFileSync(join(here, folder, 'LICENSE'), 'utf8');
      return `${about.name} ${about.version} (${about.license})\n\n${text.trim()}\n`;
    })
    .join('\n\n');
}
