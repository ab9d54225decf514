// An origin that tells what it understood: JSON to the client, and all of it, in order, on a second port.
const http = require('http');
const crypto = require('crypto');

const seen = [];
const refused = new WeakSet();
const options = { keepAliveTimeout: 60000, headersTimeout: 60000, requestTimeout: 60000, maxHeaderSize: 65536 };
const origin = http.createServer(options, (request, response) => {
  const hash = crypto.createHash('sha256');
  let length = 0;
  request.on('data', (piece) => { hash.update(piece); length += piece.length; });
  request.on('end', () => {
    if (!request.complete) return;
    const entry = {
      method: request.method,
      target: request.url,
      fields: request.rawHeaders,
      length,
      peer: request.socket.remoteAddress,
      hash: hash.digest('hex'),
    };
    seen.push(entry);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(entry));
  });
  request.on('error', () => {});
});
origin.on('clientError', (error, socket) => {
  // A connection that breaks off is no disagreement: the gateway cuts what its client has cut. Nor is what still comes
  // after a refusal: Node tells the same error of each piece.
  if (!refused.has(socket) && error.code !== 'ECONNRESET' && error.code !== 'EPIPE' && error.code !== 'HPE_INVALID_EOF_STATE') {
    refused.add(socket);
    const raw = error.rawPacket ? error.rawPacket.toString('latin1') : '';
    seen.push({ refused: error.code || String(error), peer: socket.remoteAddress, raw: raw.slice(0, 2000) });
  }
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
});
const asked = http.createServer((request, response) => response.end(JSON.stringify(seen)));
origin.listen(0, '127.0.0.1', () => asked.listen(0, '127.0.0.1', () => {
  console.log(`ports ${origin.address().port} ${asked.address().port}`);
}));
