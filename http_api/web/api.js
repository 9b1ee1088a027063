/** Speaks to the HTTP API: JSON in and out, problems as errors that carry the service's words. */

/** A refusal of the service, or of the network (`status` 0: nobody answered). */
export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || 'Something went wrong.');
    this.name = 'ApiError';
    this.status = problem.status ?? 0;
    this.code = problem.code ?? 'unknown';
    /** What is wrong with which field: `[{path, message}]`, for 422. */
    this.errors = problem.errors ?? [];
    /** Seconds after which to try again, or null when the service did not say. */
    this.retryAfter = problem.retryAfter ?? null;
  }

  /** Tells whether the same request may succeed later: nobody answered, or "not now". */
  get passing() {
    return this.status === 0 || [408, 425, 429, 502, 503, 504].includes(this.status);
  }
}

/** Sends requests to `/api/v1`, with the session's access token once `session` is set. */
export class Api {
  session = null;

  get(path) {
    return this.request('GET', path);
  }

  post(path, body = {}) {
    return this.request('POST', path, body);
  }

  patch(path, body) {
    return this.request('PATCH', path, body);
  }

  put(path, body) {
    return this.request('PUT', path, body);
  }

  delete(path) {
    return this.request('DELETE', path);
  }

  /** Resolves to everything that a paged log read has under `name`, and to its last page. */
  async pages(path, name) {
    const items = [];
    for (let since = 0; ; ) {
      const page = await this.get(`${path}?since=${since}`);
      items.push(...page[name]);
      if (page.complete !== false || page.offset <= since) return { items, last: page };
      since = page.offset;
    }
  }

  /** Sends one request; an expired access token is renewed and the request sent once more. */
  async request(method, path, body) {
    const token = await this.session?.fresh();
    try {
      return await send(method, path, body, token);
    } catch (error) {
      if (error.status !== 401 || !this.session) throw error;
      return send(method, path, body, await this.session.renew(token));
    }
  }
}

/** Sends one request as it is. Resolves to the JSON answer, or null for 204. */
export async function send(method, path, body, token) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(15_000),
    });
  } catch {
    throw new ApiError({ code: 'unreachable', detail: 'The service cannot be reached right now.' });
  }
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  const seconds = Number.parseFloat(response.headers.get('Retry-After'));
  throw new ApiError({
    detail: `The service answered with status ${response.status}.`,
    ...answer,
    status: response.status,
    retryAfter: Number.isFinite(seconds) ? seconds : null,
  });
}

/** Spells a refusal for people: its detail, and what is wrong with which field. */
export function explain(error) {
  const fields = (error.errors ?? []).map(({ path, message }) => {
    const name = String(path ?? '').replace(/^.*[./]/, '');
    return name ? `${name}: ${message}` : message;
  });
  return fields.length ? `${fields.join('. ')}.`.replace(/\.\.$/, '.') : error.message;
}
