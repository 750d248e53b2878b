// Stands between the browser and the servers and keeps every exchange whole: redirects and
// the answers of pages long left too, which a browser no longer gives out.

import http from "node:http";

/** Starts a proxy for the two `origins`. What else the browser calls, for its own ends too, is refused. */
export async function startProxy(origins) {
  const exchanges = [];
  const server = http.createServer(async (request, response) => {
    if (!URL.canParse(request.url) || !origins.includes(new URL(request.url).origin)) {
      return void response.writeHead(502).end();
    }
    const sent = await whole(request);
    // Uncompressed, so that what is kept can be searched.
    const { "proxy-connection": _hop, "accept-encoding": _packed, ...headers } = request.headers;
    const onward = http.request(request.url, { method: request.method, headers, agent: false }, async (answer) => {
      const body = await whole(answer);
      exchanges.push({
        method: request.method,
        url: request.url,
        sent: sent.toString(),
        status: answer.statusCode,
        headers: answer.headers,
        body: body.toString(),
      });
      response.writeHead(answer.statusCode, answer.rawHeaders).end(body);
    });
    onward.on("error", () => response.writeHead(502).end());
    onward.end(sent);
  });
  server.on("connect", (_request, socket) => {
    // A browser that hangs up on the refusal is no fault of the test.
    socket.on("error", () => {});
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, exchanges, stop };
}

async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
