/** A WebSocket whose other end is the test. */
export class FakeSocket {
  static made = [];
  readyState = 0;
  bufferedAmount = 0;
  sent = [];
  closed = null;

  constructor(url, protocol) {
    Object.assign(this, { url, protocol });
    FakeSocket.made.push(this);
  }

  static get last() {
    return FakeSocket.made.at(-1);
  }

  send(data) {
    this.sent.push(typeof data === "string" ? JSON.parse(data) : data);
  }

  close(code) {
    this.readyState = 3;
    this.closed = code;
  }

  /** What was sent, without the pings. */
  get words() {
    return this.sent.filter(({ type }) => type !== "$ping");
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  say(type, data = {}, id) {
    this.onmessage({ data: JSON.stringify({ type, data, ...(id && { id }) }) });
  }

  break(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}
