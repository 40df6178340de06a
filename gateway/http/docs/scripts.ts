// What starts Swagger UI and Redoc in a page of docs. Kept as text: the gateway has no browser build.

// The page's #docs element says which document is meant: no script stands in the page itself.

/** Signed-in calls work with a token from "Authorize", and with the cookies of an API that uses them. */
export const SWAGGER_START = `'use strict';
SwaggerUIBundle({
  url: document.getElementById('docs').dataset.document,
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  // The validator would be asked at swagger.io.
  validatorUrl: null,
  // The document names the public address; calls go to the address the page was opened at, which is all that its policy allows.
  requestInterceptor(request) {
    const url = new URL(request.url, location.href);
    request.url = location.origin + url.pathname + url.search;
    return request;
  },
});
`;

/** Redoc writes its own style elements: they carry the nonce of the script that loads it. */
export const REDOC_START = `'use strict';
{
  const docs = document.getElementById('docs');
  const { nonce } = document.currentScript;
  Redoc.init(docs.dataset.document, { nonce, disableGoogleFont: true, nativeScrollbars: true }, docs);
}
`;

export const DOCS_CSS = `body{margin:0}noscript{display:block;margin:2rem;font:16px/1.5 system-ui,sans-serif}
nav[aria-label]{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:.6rem 1.25rem;background:#17212b;font:15px/1.5 system-ui,sans-serif}
nav[aria-label] a{color:#b9c4cd;text-decoration:none}nav[aria-label] a:hover,nav[aria-label] a[aria-current]{color:#fff;text-decoration:underline}
nav[aria-label] span{flex:1}
`;
