/** What went wrong, in words for people and codes for programs. */

/** An event that was refused, a link that broke, or a limit that was met. */
export class ReactorError extends Error {
  /**
   * @param {string} code A code of the protocol, or `timeout`, `aborted`, `connection_lost`,
   *   `disconnected`, `unsupported`.
   * @param {string} message What to change or to wait for.
   * @param {{field?: string, recoverable?: boolean}} [more] The path of the value that is wrong;
   *   whether trying again may help.
   */
  constructor(code, message, { field = "", recoverable = false } = {}) {
    super(message);
    this.name = "ReactorError";
    this.code = code;
    this.field = field;
    this.recoverable = recoverable;
  }

  /**
   * Make one from the data of an `$error`, or from the body of a refused upload.
   * @param {any} data
   * @returns {ReactorError}
   */
  static from(data) {
    const { code = "error", message = "", text = "", field = "", recoverable = false } = data ?? {};
    return new ReactorError(code, message || text || code, { field, recoverable });
  }
}
