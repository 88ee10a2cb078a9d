import { isBuiltin } from 'node:module';
import path from 'node:path';

/**
 * Which room may know which: everything that the files of a room may import. Whatever is not listed is refused.
 *
 * `own` says how many leading parts of a file's path its own neighbours share with it: with 1 a file may import from its
 * whole room, with 3 a service may import only from the folder of its own name. `values` may be imported freely,
 * `types` only by `import type`. Both name folders or files of this repository, or packages; `node` is every module of
 * Node itself. Where two entries fit a file, the later one counts.
 */
export const rooms = [
  // Pure rules: the same answer for the same input on every machine and at any time.
  { files: 'domain', own: 1, values: ['decimal.js'], types: [] },

  {
    files: 'schemas',
    own: 1,
    values: ['node', 'ajv', 'ajv-formats', 'safe-stable-stringify', '@temporalio/common'],
    types: [],
  },

  // Imported by every room that commits, sends or receives; it knows none of them.
  { files: 'crash', own: 1, values: ['node'], types: [] },

  // Of the schemas only what needs neither Node nor ajv: all else would end up in the workflow bundle.
  {
    files: 'workflows',
    own: 1,
    values: [
      ...['domain', 'schemas/message', 'schemas/search-attributes', 'schemas/generated/pictures'],
      ...['@temporalio/workflow', '@temporalio/common'],
    ],
    types: ['schemas', 'activities'],
  },

  {
    files: 'activities',
    own: 1,
    values: ['crash', 'db', 'domain', 'schemas', '@temporalio/activity', '@temporalio/common'],
    types: ['workflows', 'knex'],
  },
  // A service knows other services by their messages only, and the database by the transaction that it is handed.
  {
    files: 'activities/*',
    own: 3,
    values: [
      ...[
        'activities/service',
        'db/acts',
        'db/books',
        'db/business-date',
        'db/insert-rows',
        'db/outside',
        'db/reference',
        'domain',
        'schemas',
      ],
      'json-rules-engine',
    ],
    types: ['activities/outside', 'knex'],
  },
  // A gateway speaks to one party. What it asked and heard is recorded by activities/outside.ts, never by itself.
  {
    files: 'activities/gateways',
    own: 2,
    values: ['crash', 'domain', 'schemas/outside', 'node'],
    types: ['activities/outside', 'db/outside'],
  },

  {
    files: 'db',
    own: 1,
    values: ['crash', 'domain', 'schemas', 'node', 'knex', 'pg', 'safe-stable-stringify'],
    types: [],
  },

  // The API takes in, reads, asks, and starts flows. What a message does is the services' business, so it knows none of them:
  // it asks them as flows do, by message.
  {
    files: 'api',
    own: 1,
    values: [
      ...['db/access', 'db/acts', 'db/interventions', 'db/reads', 'db/books', 'db/pool', 'db/reference'],
      ...['db/transaction', 'activities/ask', 'crash', 'domain', 'logging', 'schemas'],
      ...['node', 'express', 'helmet', 'jose', 'rate-limiter-flexible'],
      ...['safe-stable-stringify', 'swagger-ui-dist'],
      ...['@temporalio/client', '@temporalio/common'],
    ],
    types: ['db/outside', 'knex', 'pino'],
  },

  {
    files: 'workers',
    own: 1,
    values: ['activities', 'workflows', 'db', 'logging', 'schemas', 'node', '@temporalio/worker'],
    types: ['knex', 'pino'],
  },

  // What both kinds of processes write to their logs, and what they leave out.
  { files: 'logging', own: 1, values: ['db/errors', 'node', 'pino'], types: [] },

  // The outside world shares nothing with the platform but the contracts between the two.
  {
    files: 'sandbox',
    own: 1,
    values: ['schemas/outside', 'node', 'express', 'ajv', 'safe-stable-stringify'],
    types: [],
  },
];

/** Whether a name of the lists above covers an import: the thing itself, or something inside it. */
const covers = (target) => (name) => target === name || target.startsWith(`${name}/`);

/** An import as the lists name it: a path from the repository's root, a package, or `node`. */
function targetOf(specifier, fromFolder) {
  if (isBuiltin(specifier)) return 'node';
  return specifier.startsWith('.') ? path.posix.join(fromFolder, specifier) : specifier;
}

/** Whether an import or export brings nothing into the running program. */
function isTypeOnly({ type, importKind, exportKind, specifiers }) {
  if (type === 'TSImportType' || importKind === 'type' || exportKind === 'type') return true;
  const kinds = (specifiers ?? []).map((one) => one.importKind ?? one.exportKind);
  return kinds.length > 0 && kinds.every((kind) => kind === 'type');
}

/** The ESLint rule that refuses what a room's entry does not list; its option is that entry. */
export const roomImports = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object' }],
    messages: {
      refused:
        '{{room}} may not import {{target}}. It may import its own files ({{own}}), {{values}}; types also from: {{types}}. ' +
        'Move what is needed to where both sides may know it; eslint.rooms.mjs is the list.',
      typesOnly: '{{room}} may import only types from {{target}}: write `import type`.',
      computed: 'Import by a plain text, so that the import rules of the rooms can see what is imported.',
    },
  },
  create(context) {
    const { files: room, own: ownDepth, values, types } = context.options[0];
    const file = path.relative(context.cwd, context.filename).split(path.sep).join('/');
    const own = file.replace(/\.ts$/, '').split('/').slice(0, ownDepth).join('/');

    function check(node) {
      if (!node.source) return;
      if (typeof node.source.value !== 'string') return context.report({ node, messageId: 'computed' });
      const target = targetOf(node.source.value, path.posix.dirname(file));
      if ([own, ...values].some(covers(target))) return;
      const typesAllowed = types.some(covers(target));
      if (typesAllowed && isTypeOnly(node)) return;
      const data = { room, target, own, values: values.join(', '), types: types.join(', ') || 'nowhere' };
      context.report({ node, messageId: typesAllowed ? 'typesOnly' : 'refused', data });
    }

    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};
