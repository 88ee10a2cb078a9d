import { raw, Router, type Request, type RequestHandler, type Response } from 'express';
import type { KeyLocks } from '../db/access/key-locks';
import { compileSchema, violationsOf } from '../schemas/validate';
import { formIn } from './form';
import { parseJson } from './json';
import { localsOf } from './middleware/locals';
import { Problem, type ProblemCode } from './problem';
import type { RateLimiting } from './rate-limits';
import { answerRead } from './read';
import {
  isForm,
  takesIdempotencyKey,
  type Answer,
  type BodyType,
  type Call,
  type Parameter,
  type RawCall,
  type Route,
} from './route';

/** Of a body, where its route names no other. */
const BODY_LIMIT_BYTES = 65_536;

/** What serving routes takes beside the routes themselves. */
interface Needs {
  limits: RateLimiting;
  keyLocks: KeyLocks;
}

/** Serves routes: each request passes the checks that its route declares, in an order that tells strangers least. */
export function serve(routes: readonly Route[], needs: Needs): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    const expressPath = path.replace(/\{(\w+)\}/g, ':$1');
    for (const route of here) {
      const readBody = route.body
        ? [
            only(route.body.type ?? 'application/json'),
            raw({ type: () => true, limit: route.body.limitBytes ?? BODY_LIMIT_BYTES, inflate: false }),
          ]
        : [];
      router[route.method](expressPath, ...rolesOnly(route), ...readBody, handlerOf(route, needs));
    }
    router.all(expressPath, otherMethods(here));
  }
  return router;
}

function rolesOnly({ access }: Route): RequestHandler[] {
  if (access === 'OPEN' || 'signature' in access) return [];
  return [
    (_request, response, next) => {
      const { role, customerId } = clientOf(response);
      if (!access.roles.includes(role)) {
        throw new Problem(
          'FORBIDDEN',
          `This is for keys of the roles ${access.roles.join(', ')}; yours is ${role}.`,
        );
      }
      if (customerId !== undefined && !access.customers) {
        throw new Problem('FORBIDDEN', "This is not for a customer's key or token.");
      }
      next();
    },
  ];
}

const NOT_OF_TYPE = {
  'application/json': 'UNSUPPORTED_MEDIA_TYPE',
  'application/x-www-form-urlencoded': 'NOT_A_FORM',
} as const satisfies Record<BodyType, ProblemCode>;

const only =
  (wanted: BodyType): RequestHandler =>
  (request, _response, next) => {
    const [type = ''] = (request.headers['content-type'] ?? '').split(';');
    if (type.trim().toLowerCase() !== wanted) {
      throw new Problem(NOT_OF_TYPE[wanted], `Send Content-Type: ${wanted}.`);
    }
    next();
  };

/** Answers what no route of a path serves. */
function otherMethods(routes: readonly Route[]): RequestHandler {
  const methods = routes.flatMap(({ method }) =>
    method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
  );
  return (request, response) => {
    response.set('Allow', methods.join(', '));
    throw new Problem('METHOD_NOT_ALLOWED', `${request.method} is not among ${methods.join(', ')}.`);
  };
}

function handlerOf(route: Route, { limits, keyLocks }: Needs): RequestHandler {
  const parametersOf = parameterReader(route.parameters ?? []);
  const bodyOf = bodyReader(route);
  const handle = takesIdempotencyKey(route)
    ? oneAtATime(route, keyLocks)
    : (call: Call): Promise<Answer> => handleProven(route, call);
  return async (request, response) => {
    if (route.access === 'OPEN') await limits.stranger(request, response);
    const rawCall: RawCall = {
      parameters: parametersOf(request),
      headers: request.headers,
      rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      log: localsOf(response).log,
    };
    if (route.access !== 'OPEN' && 'signature' in route.access) {
      await limits.client(`party:${route.access.signature(rawCall)}`, response);
    }
    const call: Call = {
      ...rawCall,
      body: bodyOf(rawCall.rawBody),
      client: () => clientOf(response),
      proof: localsOf(response).proof,
    };
    const answer = await handle(await asCustomerMay(route, call));
    const { status, body, headers } = (await answer.later?.()) ?? answer;
    response.status(status).set(headers ?? {});
    if (route.method === 'get') answerRead(request, response, body);
    else if (route.answers[status]?.type) response.type(route.answers[status].type).send(body);
    else response.json(body);
  };
}

/**
 * The call as it is, where its caller is one customer narrowed to what is that customer's.
 *
 * Throws the route's own problem about what does not exist for what is another's: nobody can tell the two apart.
 */
async function asCustomerMay({ access }: Route, call: Call): Promise<Call> {
  if (access === 'OPEN' || 'signature' in access) return call;
  const { customerId } = call.client();
  const { customers } = access;
  if (customerId === undefined || customers === 'ALL_ALIKE') return call;
  // rolesOnly has refused customers where nothing is declared for them.
  if (!customers) throw new Error('A customer got past the roles of a route that is not for customers.');
  if ('filter' in customers) {
    const { filter } = customers;
    const asked = call.parameters[filter] ?? customerId;
    if (asked !== customerId) throw customers.absent(call);
    return { ...call, parameters: { ...call.parameters, [filter]: customerId } };
  }
  if ((await customers.owner(call)) !== customerId) throw customers.absent(call);
  return call;
}

/** Handles a call once its client's key is known to be good: what comes before has only read. */
async function handleProven(route: Route, call: Call, read?: unknown): Promise<Answer> {
  await call.proof;
  return route.handle(call, read);
}

/** A route's handler that refuses a client's key while another request with it is being handled, and one that was used at another route. */
function oneAtATime(route: Route, locks: KeyLocks): Route['handle'] {
  return async (call) => {
    const key = call.parameters['Idempotency-Key']!;
    const use = { clientId: call.client().clientId, key, route: route.operationId };
    const answer = await locks.alone(use, route.read?.(call), (read) => handleProven(route, call, read));
    if (answer === 'USED_ELSEWHERE') {
      throw new Problem('IDEMPOTENCY_KEY_REUSED', 'Send another key: this one was used at another address.');
    }
    if (answer !== 'IN_USE') return answer;
    throw new Problem('REQUEST_IN_PROGRESS', 'Send the same request again in a second to get its answer.');
  };
}

function clientOf(response: Response) {
  const { client } = localsOf(response);
  if (!client) throw new Error('A route outside /v1 asks who its client is.');
  return client;
}

/** Reads and checks the parameters that a route declares, and refuses those that it does not. */
function parameterReader(parameters: readonly Parameter[]): (request: Request) => Record<string, string> {
  const checked = parameters.map((parameter) => ({ ...parameter, isValid: compileSchema(parameter.schema) }));
  const queryNames = parameters.filter((one) => one.in === 'query').map((one) => one.name);
  return (request) => {
    for (const name of Object.keys(request.query)) {
      if (queryNames.includes(name)) continue;
      const known =
        queryNames.length > 0 ? `the known ones are ${queryNames.join(', ')}` : 'there are none here';
      throw new Problem('INVALID_PARAMETER', `A query parameter is not known; ${known}.`);
    }
    const values: Record<string, string> = {};
    for (const { name, required, isValid, description, missing, invalid, ...parameter } of checked) {
      const value = valuesIn(request, parameter.in)[parameter.in === 'header' ? name.toLowerCase() : name];
      if (value === undefined) {
        if (!required) continue;
        throw new Problem(missing ?? 'INVALID_PARAMETER', `Send ${name}: ${description}`);
      }
      if (typeof value !== 'string' || !isValid(value)) {
        throw new Problem(invalid ?? 'INVALID_PARAMETER', `${name} is malformed: ${description}`);
      }
      values[name] = value;
    }
    return values;
  };
}

function valuesIn(request: Request, place: Parameter['in']): Readonly<Record<string, unknown>> {
  if (place === 'path') return request.params;
  return place === 'query' ? request.query : request.headers;
}

/** Reads and checks the body that a route declares. */
function bodyReader({ body }: Route): (rawBody: Buffer) => unknown {
  if (!body) return () => undefined;
  const isValid = compileSchema(body.schema);
  return (rawBody) => {
    const parsed = isForm(body) ? formIn(rawBody) : parseJson(rawBody);
    if (!isValid(parsed)) {
      throw new Problem('INVALID_BODY', 'Mend the places that are listed.', violationsOf(isValid.errors));
    }
    return parsed;
  };
}
