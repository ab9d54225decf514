// A real issuer, of the npm package oidc-provider: `node provider.mjs MODULES` prints `listening PORT`. Clients register
// themselves (RFC 7591), everyone may log in by any name, and consent is given beforehand.
//
// What a test wants to see or to do beside the protocol: `GET /seen` tells how often each kind of grant was asked for, and
// `POST /revoke?sub=NAME` takes back what NAME was granted.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createServer } from 'node:http';

const [, , modules, seconds = '3600'] = process.argv;
const require = createRequire(`${modules}/x.js`);
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const server = createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const { port } = server.address();
const seen = {};
const grants = {};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [],
  features: {
    backchannelLogout: { enabled: true },
    registration: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      // Without a page that asks: the test's browser presses no button.
      logoutSource: (ctx, form) => {
        const agreed = form.replace('</form>', '<input type="hidden" name="logout" value="yes"/></form>');
        ctx.body = `<!DOCTYPE html><body>${agreed}<script>document.forms[0].submit()</script></body>`;
      },
    },
    revocation: { enabled: true },
  },
  claims: { openid: ['sub'], profile: ['name', 'groups'], email: ['email'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['a key of the test'] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `Name of ${id}`, groups: ['people'], email: `${id}@example.com` }),
  }),
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  loadExistingGrant: async (ctx) => {
    const { session, client } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid profile email');
    await grant.save();
    (grants[session.accountId] ??= []).push(grant);
    return grant;
  },
  // The gateway of a test is on loopback, where the provider's own way would not go.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: Number(seconds), AuthorizationCode: 60, Grant: 7200, IdToken: 3600, Interaction: 600, RefreshToken: 7200, Session: 7200 },
  renderError: (ctx, out) => {
    ctx.type = 'json';
    ctx.body = out;
  },
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('backchannel.error', (ctx, error) => console.error(error));
provider.on('grant.success', (ctx) => {
  const kind = ctx.oidc.params.grant_type;
  seen[kind] = (seen[kind] ?? 0) + 1;
});
provider.on('grant.error', (ctx, error) => {
  seen[error.message] = (seen[error.message] ?? 0) + 1;
});

const handle = provider.callback();
server.on('request', async (request, response) => {
  const url = new URL(request.url, 'http://x');
  if (url.pathname === '/seen') {
    response.end(JSON.stringify(seen));
  } else if (url.pathname === '/revoke') {
    for (const grant of grants[url.searchParams.get('sub')] ?? []) {
      await provider.RefreshToken.revokeByGrantId(grant.jti);
      await grant.destroy();
    }
    response.end('{}');
  } else {
    handle(request, response);
  }
});
console.log(`listening ${port}`);
