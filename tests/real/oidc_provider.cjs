// Two providers of OpenID Connect on this machine: oidc-provider, which is certified and says only what is right, and
// oauth2-mock-server, which signs whatever it is told to.
//
// stdout: one line of JSON with their addresses, once both answer.
// stdin:  a line of JSON each, answered by one:
//   {"rotate": n}                    oidc-provider signs with other keys and shows those alone
//   {"sign": {claims}}                a token of oauth2-mock-server; a claim that is null is left out
//   {"forget": true}                 oauth2-mock-server makes a new key, and no longer shows those before
const crypto = require('node:crypto');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');

const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
console.log = console.info = console.warn = console.error; // oidc-provider tells what not to do in production

const modules = createRequire(path.join(process.env.BYLAW_OIDC, 'index.cjs'));
const load = (name) => import(pathToFileURL(modules.resolve(name)));

const KINDS = [
  ['RS256', 'rsa', { modulusLength: 2048 }],
  ['ES256', 'ec', { namedCurve: 'P-256' }],
  ['ES384', 'ec', { namedCurve: 'P-384' }],
  ['EdDSA', 'ed25519', {}],
];

function keys(generation) {
  return KINDS.map(([name, kind, options]) => ({
    ...crypto.generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
    use: 'sig',
    kid: `${name}-${generation}`,
  }));
}

function certified(Provider, issuer, generation) {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'ci',
        client_secret: process.env.BYLAW_OIDC_SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    jwks: { keys: keys(generation) },
    scopes: ['check', 'review'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        // urn:<audience>:<algorithm>:<seconds that its tokens hold>
        getResourceServerInfo: (_, resource) => {
          const [, audience, alg, seconds] = resource.split(':');
          return {
            scope: 'check review',
            audience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: Number(seconds),
            jwt: { sign: { alg } },
          };
        },
      },
    },
  });
  return provider.callback();
}

async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

async function main() {
  const { Provider } = await load('oidc-provider');
  const { OAuth2Server } = await load('oauth2-mock-server');
  let answer;
  const server = http.createServer((request, response) => answer(request, response));
  const issuer = await listen(server);
  answer = certified(Provider, issuer, 0);

  let mock = new OAuth2Server();
  await mock.issuer.keys.generate('RS256');
  await mock.start(0, '127.0.0.1');
  const port = mock.address().port;

  say({ certified: issuer, mock: mock.issuer.url });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    let said = {};
    if ('rotate' in asked) {
      answer = certified(Provider, issuer, asked.rotate);
    } else if ('forget' in asked) {
      await mock.stop();
      mock = new OAuth2Server();
      await mock.issuer.keys.generate('RS256');
      await mock.start(port, '127.0.0.1');
    } else {
      const scopesOrTransform = (_, payload) => {
        Object.assign(payload, asked.sign);
        for (const name of Object.keys(payload)) if (payload[name] === null) delete payload[name];
      };
      said = { token: await mock.issuer.buildToken({ scopesOrTransform, expiresIn: 300 }) };
    }
    say(said);
  }
  process.exit(0);
}

main();
