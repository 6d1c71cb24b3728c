// One line on its way to the server, with its files. What can go wrong has a class of its own.
import { reason } from "./room.js";

export class Later extends Error {}      // no connection, or the server can't at this moment
class Never extends Error {}      // the server refuses this line
export class Blames extends Error {      // its words ask who, not what: whoever wrote it looks first
  constructor(wording) { super(); this.wording = wording; }
}

async function ask(url, csrf, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, method: "POST", headers: { Accept: "application/json", "X-CSRFToken": csrf, ...options.headers },
      signal: AbortSignal.timeout?.(options.body instanceof Blob ? 300_000 : 20_000) });   // a network that says nothing holds up all other lines
  } catch { throw new Later(); }
  const withReason = answer.headers.get("Content-Type") === "application/problem+json";
  if (answer.redirected || answer.status === 401 || (answer.status === 403 && !withReason)) throw new Later("You have been signed out: reload this page.");
  if (answer.status >= 500 || answer.status === 408 || answer.status === 429) throw new Later();
  if (answer.status === 422) {
    const said = await answer.clone().json().catch(() => ({}));
    if (said.wording) throw new Blames(said.wording);
  }
  if (!answer.ok) throw new Never(await reason(answer));
  return answer.json();
}

export async function send(line, csrf) {
  const ids = [];
  for (const file of line.files) {
    const url = `/incidents/${line.incident}/attachments?name=${encodeURIComponent(file.name ?? "")}`;
    ids.push((await ask(url, csrf, { body: file, headers: { "Content-Type": "application/octet-stream" } })).id);
  }
  const body = new URLSearchParams({ client_key: line.key, kind: line.kind, text: line.text, parent: line.parent, at: line.at });
  const ago = Math.round((Date.now() - line.written) / 1000);
  if (!line.at && ago > 5) body.set("ago", ago);
  if (line.asIs) body.set("as_is", "yes");
  ids.forEach((id) => body.append("attachment", id));
  return ask(`/incidents/${line.incident}/log`, csrf, { body });
}
