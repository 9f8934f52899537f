// An issuer of accounts on this machine: node provider.mjs PORT REDIRECT CLIENT SECRET. Whoever signs in is who they say
// they are. Says "ready" once it listens, and ends with its standard input.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , port, redirect, client, secret, modules] = process.argv;
const load = createRequire(join(modules, 'package.json'));
const { default: Provider } = await import(pathToFileURL(load.resolve('oidc-provider')).href);

const issuer = `http://localhost:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client,
      client_secret: secret,
      redirect_uris: [redirect],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['preferred_username'],
  },
  pkce: { required: () => true, methods: ['S256'] },
  cookies: { keys: ['only for tests'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      email: `${id}@bvf.example`,
      email_verified: true,
    }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
// Nobody reads further lines.
process.stdout.on('error', () => {});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
