// An identity provider on a free port of loopback, or on the port that is given; prints its issuer. Its key is a new one each
// time. A token for a resource is signed, and for this resource alone; any other token is opaque.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createPlainServer } from "node:net";
import Provider from "oidc-provider";

function freePort() {
  return new Promise((resolve) => {
    const server = createPlainServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// A token for it has expired long ago.
const EXPIRED = "https://expired.example";
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const port = Number(process.argv[2]) || (await freePort());
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "service",
      client_secret: "s:ecret %",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: "tool",
      application_type: "native",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
      redirect_uris: ["http://127.0.0.1/callback"],
    },
  ],
  scopes: ["openid", "offline_access", "api"],
  jwks: { keys: [{ ...key, kid: randomUUID(), use: "sig", alg: "RS256" }] },
  formats: {
    customizers: {
      jwt: async (_, token, jwt) => {
        if (token.aud === EXPIRED) jwt.payload.exp -= 2 * 3600;
      },
    },
  },
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => undefined,
      getResourceServerInfo: async (_, resource) => ({
        scope: "api",
        audience: resource,
        accessTokenTTL: 3600,
        accessTokenFormat: "jwt",
      }),
    },
    devInteractions: { enabled: true },
  },
});
createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log(issuer));
