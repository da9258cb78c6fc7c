// stdin: a JSON array of texts. stdout: for each, what Backstage (plugin-catalog-node 2.2) makes of its documents.
const { join } = require('node:path');
const yaml = require(join(process.env.BYLAW_NODE_MODULES, 'yaml'));

process.emitWarning = () => {};
const read = document => {
  if (document.errors.length) return { error: document.errors[0].message.split('\n')[0] };
  try {
    // undefined would vanish from the JSON; Backstage takes it for an empty document
    return { value: JSON.parse(JSON.stringify(document.toJSON() ?? null)) };
  } catch (error) {
    return { error: String(error) };
  }
};
const texts = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const answers = texts.map(text => yaml.parseAllDocuments(text, { merge: false }).filter(Boolean).map(read));
process.stdout.write(JSON.stringify(answers));
