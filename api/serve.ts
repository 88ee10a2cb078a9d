import { raw, Router, type Request, type RequestHandler, type Response } from 'express';
import { compileSchema, violationsOf } from '../schemas/validate';
import { parseJson } from './json';
import { localsOf } from './middleware/locals';
import { Problem } from './problem';
import type { Call, Parameter, RawCall, Route } from './route';

const BODY_LIMIT = '64kb';

/** Serves routes: each request passes the checks that its route declares, in an order that tells strangers least. */
export function serve(routes: readonly Route[]): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    const expressPath = path.replace(/\{(\w+)\}/g, ':$1');
    for (const route of here) {
      const readBody = route.body
        ? [jsonOnly, raw({ type: () => true, limit: BODY_LIMIT, inflate: false })]
        : [];
      router[route.method](expressPath, ...rolesOnly(route), ...readBody, handlerOf(route));
    }
    router.all(expressPath, otherMethods(here));
  }
  return router;
}

function rolesOnly({ access }: Route): RequestHandler[] {
  if (access === 'OPEN' || 'signature' in access) return [];
  return [
    (_request, response, next) => {
      const { role } = clientOf(response);
      if (!access.roles.includes(role)) {
        throw new Problem(
          'FORBIDDEN',
          `This is for keys of the roles ${access.roles.join(', ')}; yours is ${role}.`,
        );
      }
      next();
    },
  ];
}

const jsonOnly: RequestHandler = (request, _response, next) => {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') {
    throw new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send Content-Type: application/json.');
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

function handlerOf(route: Route): RequestHandler {
  const parametersOf = parameterReader(route.parameters ?? []);
  const bodyOf = bodyReader(route);
  return async (request, response) => {
    const rawCall: RawCall = {
      parameters: parametersOf(request),
      headers: request.headers,
      rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      log: localsOf(response).log,
    };
    if (route.access !== 'OPEN' && 'signature' in route.access) route.access.signature(rawCall);
    const call: Call = { ...rawCall, body: bodyOf(rawCall.rawBody), client: () => clientOf(response) };
    const { status, body, headers } = await route.handle(call);
    response
      .status(status)
      .set(headers ?? {})
      .json(body);
  };
}

function clientOf(response: Response) {
  const { client } = localsOf(response);
  if (!client) throw new Error('A route outside /v1 asks for the client of an API key.');
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
    const parsed = parseJson(rawBody);
    if (!isValid(parsed)) {
      throw new Problem('INVALID_BODY', 'Mend the places that are listed.', violationsOf(isValid.errors));
    }
    return parsed;
  };
}
