// An identity provider on a free port of loopback: prints its issuer, and again after each line of its standard input, when
// it has a new key. A token for a resource is signed, and for this resource alone; any other token is opaque.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

// A token for it has expired long ago.
const EXPIRED = "https://expired.example";

const newKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const settings = () => ({
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
  jwks: { keys: [{ ...newKey(), kid: randomUUID(), use: "sig", alg: "RS256" }] },
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

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provide = () => {
    server.removeAllListeners("request").on("request", new Provider(issuer, settings()).callback());
    console.log(issuer);
  };
  provide();
  createInterface({ input: process.stdin }).on("line", provide);
});
