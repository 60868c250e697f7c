/** What went wrong, in words for people and codes for programs. */
/** An event that was refused, a link that broke, or a limit that was met. */
export class ReactorError extends Error {
    /**
     * Make one from the data of an `$error`, or from the body of a refused upload.
     * @param {any} data
     * @returns {ReactorError}
     */
    static from(data: any): ReactorError;
    /**
     * @param {string} code A code of the protocol, or `timeout`, `aborted`, `connection_lost`,
     *   `disconnected`, `unsupported`.
     * @param {string} message What to change or to wait for.
     * @param {{field?: string, recoverable?: boolean}} [more] The path of the value that is wrong;
     *   whether trying again may help.
     */
    constructor(code: string, message: string, { field, recoverable }?: {
        field?: string;
        recoverable?: boolean;
    });
    code: string;
    field: string;
    recoverable: boolean;
}
