import js from '@eslint/js';
import jest from 'eslint-plugin-jest';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { roomImports, rooms } from './eslint.rooms.mjs';

const named = (message, names) => names.map((name) => ({ name, message }));

/** What neither pure rules nor flows may touch: a flow is replayed, and what it did before must come out again. */
const outsideWorld = [
  ...named('Take it as an argument: this room has no world around it.', ['process', 'performance', 'crypto']),
  ...named('This room does no I/O.', ['console', 'fetch', 'require']),
  ...named('When an object is collected differs from run to run.', ['WeakRef', 'FinalizationRegistry']),
];
const randomness = {
  object: 'Math',
  property: 'random',
  message: 'The same input must give the same output.',
};

const clock = 'Take the date or the instant as an argument: this room has no clock.';

export default defineConfig(
  globalIgnores(['var/', '.cache/', 'schemas/generated/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { rooms: { rules: { imports: roomImports } } },
  },
  js.configs.recommended,
  { files: ['**/*.js'], languageOptions: { sourceType: 'commonjs' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      // A promise returned out of a try block fails where the catch no longer sees it.
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // A rest pattern that leaves a field out has to name it; Express tells an error handler by its four parameters.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      // Temporal and gRPC give their enums as numbers; the packages that name them are no dependency of ours.
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      // A handler is async by its contract, also where it has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
    },
  },
  ...rooms.map((room) => ({
    files: [`${room.files}/**/*.ts`],
    rules: { 'rooms/imports': ['error', room] },
  })),
  {
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...outsideWorld,
        ...named('Pure rules do not wait.', ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']),
      ],
      'no-restricted-properties': ['error', randomness, { object: 'Date', property: 'now', message: clock }],
      'no-restricted-syntax': [
        'error',
        {
          selector: ':matches(NewExpression[arguments.length=0], CallExpression)[callee.name="Date"]',
          message: clock,
        },
      ],
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      // Temporal's own clock would be safe to replay; but a reset reads it anew and would make other messages of it.
      'no-restricted-globals': ['error', ...outsideWorld, { name: 'Date', message: clock }],
      'no-restricted-properties': ['error', randomness],
    },
  },
  {
    files: ['test/**/*.test.ts'],
    extends: [jest.configs['flat/recommended']],
    rules: {
      // Helpers that expect say so in their names.
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect*', 'fc.assert'] }],
      'jest/no-disabled-tests': 'error',
      // Jest types its asymmetric matchers as `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
);
