// An identity provider on a free port of loopback; prints its issuer.

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

const port = await freePort();
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
  pkce: { required: () => true },
  issueRefreshToken: () => true,
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: true },
  },
});
createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log(issuer));
