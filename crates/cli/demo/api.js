// One way to the server: same-origin JSON with the session cookie, errors as values of one type.

const TOKEN_SHAPE = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/;

/** What the server has answered so far: how many bodies, and how many held something shaped like a token. */
export const answers = { count: 0, withToken: 0 };

export class ApiError extends Error {
  constructor(status, message, { statusText = "", body = null, requestId = null, retryAfter = null } = {}) {
    super(message);
    this.status = status;
    this.statusText = statusText;
    this.body = body;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }

  /** The error's name, by which programs go. */
  get code() {
    return this.body?.error ?? null;
  }

  get retryable() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export async function call(method, path, body) {
  const response = await send(method, path, body);
  const text = await response.text().catch(() => "");
  answers.count += 1;
  if (TOKEN_SHAPE.test(text)) answers.withToken += 1;
  const json = parse(text);
  if (!response.ok) {
    throw new ApiError(response.status, messageOf(response.status, json), {
      statusText: response.statusText,
      body: json,
      requestId: json?.request_id ?? response.headers.get("x-request-id"),
      retryAfter: secondsToWait(response.headers.get("retry-after")),
    });
  }
  return { status: response.status, statusText: response.statusText, body: json };
}

async function send(method, path, body) {
  const init = { method, credentials: "same-origin", headers: { accept: "application/json" }, signal: AbortSignal.timeout(20_000) };
  if (body !== undefined) {
    init.headers["content-type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, init);
  } catch {
    throw new ApiError(0, "The server could not be reached.");
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function messageOf(status, json) {
  if (status === 503) return "The service is busy or cannot be reached right now. Your session is kept.";
  return json?.message ?? json?.detail ?? `The server answered ${status}.`;
}

// RFC 9110 section 10.2.3: seconds, or a date.
function secondsToWait(header) {
  if (!header) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}
