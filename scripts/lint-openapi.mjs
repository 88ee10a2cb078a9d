/**
 * Lints the API's OpenAPI document; ends with status 1, and a line for each finding, when there is one. A module of its
 * own kind (.mjs), because the linter is an ES module, which the sources' loader does not load.
 */
import console from 'node:console';
import { createRequire } from 'node:module';
import process from 'node:process';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const { apiDocument } = createRequire(import.meta.url)('../api/app.ts');

const config = await createConfig({
  extends: ['recommended-strict'],
  rules: {
    // It does not see that what a "then" requires is declared beside the "if".
    'no-required-schema-properties-undefined': 'off',
    // Every problem that the client can do something about is one by RFC 9457.
    'operation-4xx-problem-details-rfc7807': 'error',
    'operation-tag-defined': 'error',
    'parameter-description': 'error',
  },
});
const findings = await lintFromString({
  source: JSON.stringify(apiDocument()),
  absoluteRef: 'openapi.json',
  config,
});
for (const { ruleId, message, location } of findings) {
  console.error(`/openapi.json${location.map(({ pointer }) => pointer).join(', ')}: ${message} (${ruleId})`);
}
process.exitCode = findings.length === 0 ? 0 : 1;
