import stringify from 'safe-stable-stringify';
import type { OpenApiDocument } from '../../api/openapi';
import type { ContractFile } from '../../schemas/validate';
import { schemaBreaks, type Files, type Schema, type Writer } from './compare-schemas';
import type { Contracts, Promises } from './released';

/**
 * What in the contracts and in the API would break those who rely on what was released last.
 *
 * @returns one sentence for each breaking change; none when there is none
 */
export const breakingChanges = (released: Promises, current: Promises): string[] => [
  ...contractBreaks(released.contracts, current.contracts),
  ...apiBreaks(released.openApi, current.openApi),
];

function contractBreaks(released: Contracts, current: Contracts): string[] {
  const files = { released: filesOf(released), current: filesOf(current) };
  return (['commands', 'events'] as const).flatMap((kind) =>
    Object.entries(released[kind]).flatMap(([name, was]) => {
      const is = current[kind][name];
      const place = `schemas/${kind}/${name}.json:`;
      if (!is) return [`${place} the message is gone`];
      const [before, now] = [was, is].map((schema) => ({ schema, root: schema }) as never);
      return [...schemaBreaks(before!, now!, 'BOTH', files), ...agreementBreaks(was, is)].map(
        (text) => `${place} ${text}`,
      );
    }),
  );
}

/** References between files lead to the common schemas only. */
const filesOf =
  ({ common }: Contracts): Files =>
  (ref) =>
    ref.startsWith('#') ? undefined : (common[ref.replace(/^.*\/|\.json.*$/g, '')] as unknown as Schema);

/** What a command promises besides its data. */
function agreementBreaks({ 'x-command': was }: ContractFile, { 'x-command': is }: ContractFile): string[] {
  if (!was || !is) return was || is ? ['a command became an event, or the other way round'] : [];
  return [
    ...(['handler', 'idempotencyKey', 'undoneBy'] as const)
      .filter((part) => was[part] !== is[part])
      .map((part) => `${part} means something else: ${was[part]}, now ${is[part]}`),
    ...was.callers
      .filter((caller) => !is.callers.includes(caller))
      .map((one) => `${one} may not send it any more`),
    ...Object.entries(was.errors).flatMap(([code, meaning]) => {
      if (!(code in is.errors)) return [`the refusal ${code} is gone`];
      return is.errors[code] === meaning ? [] : [`the refusal ${code} means something else`];
    }),
  ];
}

type Operation = OpenApiDocument['paths'][string][string];

function apiBreaks(released: OpenApiDocument, current: OpenApiDocument): string[] {
  return Object.entries(released.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, was]) => {
      const is = current.paths[path]?.[method];
      const place = `${method.toUpperCase()} ${path}:`;
      if (!is) return [`${place} the route is gone`];
      const within = comparing(released, current);
      return [
        ...(was.operationId === is.operationId
          ? []
          : [`operationId is ${is.operationId}, not ${was.operationId}`]),
        ...accessBreaks(was, is),
        ...parameterBreaks(was, is, within),
        ...bodyBreaks(was, is, within),
        ...responseBreaks(was, is, within),
      ].map((text) => `${place} ${text}`);
    }),
  );
}

type Compare = (was: Schema, is: Schema, writer: Writer) => string[];

const comparing =
  (released: OpenApiDocument, current: OpenApiDocument): Compare =>
  (was, is, writer) =>
    schemaBreaks({ schema: was, root: released }, { schema: is, root: current }, writer, {
      released: () => undefined,
      current: () => undefined,
    });

function accessBreaks({ security: was }: Operation, { security: is }: Operation): string[] {
  const ways = is.map((way) => stringify(way));
  const isOpen = ways.length === 0;
  return isOpen || (was.length > 0 && was.every((way) => ways.includes(stringify(way))))
    ? []
    : ['it asks for other credentials'];
}

function parameterBreaks(was: Operation, is: Operation, compare: Compare): string[] {
  const named = ({ in: place, name }: { in: string; name: string }): string => `${place} parameter ${name}`;
  const before = new Map(was.parameters.map((one) => [named(one), one]));
  const now = new Map(is.parameters.map((one) => [named(one), one]));
  return [
    ...[...before].flatMap(([name, { schema, required }]) => {
      const found = now.get(name);
      if (!found) return [`the ${name} is gone`];
      return [
        ...(found.required && !required ? [`the ${name} is required now`] : []),
        ...compare(schema, found.schema, 'CLIENT').map((text) => `the ${name}: ${text}`),
      ];
    }),
    ...[...now]
      .filter(([name, { required }]) => required && !before.has(name))
      .map(([name]) => `the ${name} is new and required`),
  ];
}

function bodyBreaks(was: Operation, is: Operation, compare: Compare): string[] {
  if (!was.requestBody) return is.requestBody ? ['a body is required now'] : [];
  if (!is.requestBody) return ['no body is taken any more'];
  return mediaBreaks(was.requestBody.content, is.requestBody.content, (before, now) =>
    compare(before, now, 'CLIENT'),
  ).map((text) => `the body: ${text}`);
}

function responseBreaks(was: Operation, is: Operation, compare: Compare): string[] {
  return Object.entries(was.responses).flatMap(([status, before]) => {
    const now = is.responses[status];
    if (!now) return [`the answer ${status} is gone`];
    const headers = Object.keys(before.headers).filter(
      (name) => before.headers[name]!.required && now.headers[name]?.required !== true,
    );
    return [
      ...headers.map((name) => `the answer ${status} may come without the header ${name}`),
      ...mediaBreaks(before.content ?? {}, now.content ?? {}, (one, other) =>
        compare(one, other, 'PLATFORM'),
      ).map((text) => `the answer ${status}: ${text}`),
    ];
  });
}

type Content = NonNullable<Operation['responses'][string]['content']>;

function mediaBreaks(was: Content, is: Content, compare: (was: Schema, is: Schema) => string[]): string[] {
  return Object.entries(was).flatMap(([type, before]) => {
    const now = is[type];
    if (!now) return [`it is not ${type} any more`];
    return [...compare(before.schema, now.schema), ...problemBreaks(before.examples, now.examples)];
  });
}

/** The examples of problems have the codes as their names, and show what each of them means. */
function problemBreaks(
  was: Content[string]['examples'] = {},
  is: Content[string]['examples'] = {},
): string[] {
  const titleOf = (example: { value: unknown } | undefined): unknown =>
    (example?.value as { title?: string } | undefined)?.title;
  return Object.keys(was)
    .filter(
      (code) => titleOf(was[code]) !== undefined && code in is && titleOf(was[code]) !== titleOf(is[code]),
    )
    .map((code) => `${code} means something else`);
}
