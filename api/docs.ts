import path from 'node:path';
import express, { Router } from 'express';

// Where the package's files lie. To import it would load the whole page's script into this process.
const swaggerUi = path.dirname(require.resolve('swagger-ui-dist/package.json'));

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Consumer Credit Orchestration: API</title>
    <link rel="stylesheet" href="swagger-ui.css" />
    <link rel="icon" type="image/png" href="favicon-32x32.png" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="swagger-ui-bundle.js"></script>
    <script src="start.js"></script>
  </body>
</html>
`;

// A file of its own, because the content security policy allows no script inside the page.
const START = `// A key may come in the fragment of the address, /docs/#key=ck_…, which browsers send to no server. It is taken out of the
// address at once, so that it stays neither in sight nor in a link that is copied.
const key = new URLSearchParams(location.hash.slice(1)).get('key');
if (key !== null) history.replaceState(null, '', location.pathname);

const ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete() {
    if (key !== null) ui.preauthorizeApiKey('apiKey', key);
  },
});
`;

/** Swagger UI over /openapi.json, all of it served from here; with /docs/#key=<key> it sends that API key. */
export function docs(): Router {
  const router = Router({ strict: true });
  router.get('/docs', (_request, response) => response.redirect('/docs/'));
  router.get('/docs/', (_request, response) => void response.type('html').send(PAGE));
  router.get('/docs/start.js', (_request, response) => void response.type('js').send(START));
  router.use('/docs/', express.static(swaggerUi, { index: false, redirect: false }));
  return router;
}
