/** @type {import('stylelint').Config} */
export default {
  extends: 'stylelint-config-standard',
  rules: {
    // As the imports of modules beside them; esbuild resolves both.
    'import-notation': 'string',
  },
};
