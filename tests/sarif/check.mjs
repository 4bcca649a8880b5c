// Holds SARIF logs against the schema of SARIF 2.1.0: check.mjs FILE...
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(import.meta.url);
const Ajv = require('ajv');
const schema = require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');

// The schema is of draft 4: `id`, not `$id`.
const ajv = new Ajv({schemaId: 'id', meta: false, allErrors: true, unknownFormats: ['uri-reference']});
ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json'));
const validate = ajv.compile(schema);

// A validator that takes everything proves nothing.
const broken = {version: '2.1.0', runs: [{tool: {driver: {}}, results: [{ruleId: 'x'}]}]};
if (validate(broken)) {
  console.error('the schema takes a log without names and messages');
  process.exit(1);
}

let failed = false;
for (const file of process.argv.slice(2)) {
  const log = JSON.parse(readFileSync(file, 'utf8'));
  if (validate(log)) {
    console.log(`${file}: ${log.runs[0].results.length} results, valid`);
  } else {
    failed = true;
    console.error(`${file}: ${ajv.errorsText(validate.errors, {separator: '\n  '})}`);
  }
}
process.exit(failed ? 1 : 0);
