// A Backstage without its pages: the catalog as a company runs it, over the files that a test names.
const { createBackend } = require('@backstage/backend-defaults');

const backend = createBackend();
for (const name of [
  'plugin-catalog-backend',
  'plugin-catalog-backend-module-ai-model',
  'plugin-catalog-backend-module-scaffolder-entity-model',
]) {
  backend.add(require(`@backstage/${name}`));
}
backend.start();
