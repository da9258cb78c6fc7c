// The peer of `bylaw check --compat entity-validator`, put together from the libraries that RoadieHQ's validator is
// made of, by what its published sources say: for where npm does not have the validator itself.
//
// stdin: {"schema": file or null, "files": [...]} -> stdout: for each file the first fault, or null
// stdin: {"argv": [...], "lines": text}           -> stdout: the files that the command line means
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

const modules = createRequire(path.join(process.env.BYLAW_NODE_MODULES, 'index.cjs'));
const model = modules('@backstage/catalog-model');
const yaml = modules('js-yaml');

const asked = JSON.parse(fs.readFileSync(0, 'utf8'));

const FIELDS = {
  Repository: [['roadie.io/v1'], ['owner', 'system'], ['hasPart']],
  Product: [
    ['roadie.io/v1', 'backstage.io/v1alpha1'],
    ['type', 'owner', 'system', 'domain'],
    ['hasPart', 'partOf', 'childOf', 'parentOf', 'dependencyOf', 'dependsOn', 'consumesApi'],
  ],
};
const PLACE = '(url|gitlab|github|azure/api|dir):.*';
const ANNOTATIONS = {
  'backstage.io/managed-by-location': { pattern: PLACE },
  'backstage.io/managed-by-origin-location': { pattern: PLACE },
  'backstage.io/techdocs-ref': { pattern: PLACE },
  'backstage.io/source-location': { pattern: `${PLACE}/$` },
  'backstage.io/view-url': { format: 'uri' },
  'backstage.io/edit-url': { format: 'uri' },
  'backstage.io/ldap-uuid': { format: 'uuid' },
  'datadog/dashboard-url': { format: 'uri' },
  'graph.microsoft.com/group-id': { format: 'uuid' },
  'graph.microsoft.com/user-id': { format: 'uuid' },
};

function roadieKind([name, [versions, texts, lists]]) {
  const text = { type: 'string', minLength: 1 };
  const all = (names, schema) => Object.fromEntries(names.map(each => [each, schema]));
  const properties = { ...all(texts, text), ...all(lists, { type: 'array', items: text }) };
  const own = {
    type: 'object',
    required: ['spec'],
    properties: { apiVersion: { enum: versions }, kind: { enum: [name] }, spec: { type: 'object', properties } },
  };
  const check = model.entityKindSchemaValidator({ $id: name, allOf: [{ $ref: 'Entity' }, own] });
  return { check: async entity => check(entity) };
}

function templateKind() {
  // @backstage/plugin-scaffolder-common would bring a hundred packages for this one schema
  const file = path.join(__dirname, '../../src/bylaw/catalog/schemas/backstage.json');
  const check = model.entityKindSchemaValidator(JSON.parse(fs.readFileSync(file, 'utf8')).schemas.TemplateV1beta3);
  return { check: async entity => check(entity) };
}

const KINDS = [
  ...['api', 'component', 'group', 'location', 'user', 'system', 'domain', 'resource'].map(
    name => model[`${name}EntityV1alpha1Validator`],
  ),
  templateKind(),
  ...Object.entries(FIELDS).map(roadieKind),
];

const length = (value, most) => typeof value === 'string' && value.length >= 1 && value.length <= most;
const POLICY = model.EntityPolicies.allOf([
  new model.DefaultNamespaceEntityPolicy(),
  new model.FieldFormatEntityPolicy(
    model.makeValidator({
      isValidEntityName: name => length(name, 120) && /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name),
      isValidLabelValue: value => typeof value === 'string',
      isValidTag: tag => length(tag, 63),
    }),
  ),
  new model.NoForeignRootFieldsEntityPolicy(),
  new model.SchemaValidEntityPolicy(),
]);

function fillIn(node) {
  for (const key in node) {
    const inner = node[key];
    if (typeof inner !== 'object') continue;
    if (inner === null) throw new Error(`${key} is empty`);
    if (inner.$text || inner.$openapi || inner.$asyncapi) {
      node[key] = 'DUMMY TEXT';
      return;
    }
    fillIn(inner);
  }
}

function techdocs(entity, file) {
  const said = entity?.metadata?.annotations?.['backstage.io/techdocs-ref'];
  if (!said || !said.includes('dir') || /^dir:.$/m.test(said)) return;
  const there = name => fs.existsSync(path.join(path.dirname(file), said.split(':')[1], name));
  if (!there('mkdocs.yaml') && !there('mkdocs.yml')) throw new Error(`nothing to build docs from at ${said}`);
}

function schemaOfAnnotations() {
  if (asked.schema) return JSON.parse(fs.readFileSync(asked.schema, 'utf8'));
  const properties = Object.fromEntries(
    Object.entries(ANNOTATIONS).map(([name, more]) => [name, { type: 'string', ...more }]),
  );
  const annotations = {
    type: 'object',
    additionalProperties: false,
    patternProperties: { '^.+$': { type: 'string' } },
    allOf: [{ properties }],
  };
  return {
    $id: 'annotations',
    type: 'object',
    required: ['metadata'],
    properties: { metadata: { type: 'object', properties: { annotations } } },
  };
}

const ajv = new (modules('ajv'))({ verbose: true });
modules('ajv-formats')(ajv);
const checkOf = schema => ajv.getSchema(schema.$id) || ajv.compile(schema);

async function fault(file) {
  try {
    const text = fs.readFileSync(file, 'utf8');
    const entities = yaml.loadAll(text, null, { schema: yaml.CORE_SCHEMA });
    entities.forEach(fillIn);
    await Promise.all(entities.map(each => POLICY.enforce(each)));
    await Promise.all(entities.map(each => Promise.all(KINDS.map(kind => kind.check(each)))));
    if (!entities.length) throw new Error('no entity');
    const check = checkOf(schemaOfAnnotations());
    for (const each of entities) {
      if (!check(each)) throw new Error(`${check.errors[0].instancePath} ${check.errors[0].message}`);
    }
    yaml.loadAll(text, null, { schema: yaml.CORE_SCHEMA }).forEach(each => techdocs(each, file));
    return null;
  } catch (error) {
    return String(error.message).split('\n')[0];
  }
}

function filesOf({ argv, lines }) {
  const said = modules('minimist')(argv, { boolean: ['h', 'i', 'q'] });
  const names = [...said._.map(String), ...(said.i ? lines.split('\n').filter(Boolean) : [])];
  return names.flatMap(each => modules('glob').globSync(each));
}

async function main() {
  if (asked.argv) return filesOf(asked);
  const faults = [];
  for (const each of asked.files) faults.push(await fault(each));
  return faults;
}

main().then(answer => process.stdout.write(JSON.stringify(answer)));
