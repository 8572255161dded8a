/* Saves answers by itself, within a second of a change, and says so.

   <div data-autosave="URL" data-prefix="UC1"> holds the fields of one practice and a [data-save-state] that says what
   became of them. What could not be saved stays in the form and is tried again; what somebody else changed meanwhile is
   shown beside it and waits for a choice. Evidence is left to the buttons of the form. */
"use strict";

(() => {
  const SOON_MS = 700;
  const TYPING_MS = 3000; // while somebody types on and on, one version in so long: each is kept in the history
  const LONGEST_MS = 30_000;
  const TIMEOUT_MS = 20_000;
  const words = document.getElementById("save-words").dataset;
  const FIELDS = ["level", "note", "not_applicable_reason", "not_applicable_until"];
  let isLeaving = false;

  function watch(root) {
    const answer = { root, form: root.closest("form"), prefix: root.dataset.prefix, failures: 0 };
    answer.saved = "unsaved" in root.dataset ? asText(() => "") : written(answer);
    if (isDirty(answer)) soon(answer, SOON_MS);
    const changed = (event) => {
      if (event.target.value === "na") root.querySelector("details").open = true;
      if (FIELDS.some((name) => event.target.name === nameOf(answer, name))) soon(answer, SOON_MS);
    };
    root.addEventListener("input", changed);
    root.addEventListener("change", changed);
    root.addEventListener("click", (event) => choose(answer, event));
    return answer;
  }

  // --- The fields -----------------------------------------------------------------------------------------------------

  const nameOf = ({ prefix }, name) => (prefix ? `${prefix}-${name}` : name);
  const field = (answer, name) => answer.form.elements[nameOf(answer, name)];
  const isDirty = (answer) => written(answer) !== answer.saved;

  const asText = (valueOf) => new URLSearchParams(FIELDS.map((name) => [name, valueOf(name)])).toString();
  const valueOf = (answer, name) => field(answer, name)?.value ?? "";
  const written = (answer) => asText((name) => valueOf(answer, name));

  /* The buttons of the history go from the same version. */
  function sees(answer, version) {
    for (const each of document.getElementsByName(nameOf(answer, "seen_version"))) each.value = version;
  }

  function say(answer, text, state = "") {
    const line = answer.root.querySelector("[data-save-state]");
    if (line.textContent !== text) line.textContent = text;
    line.dataset.state = state;
  }

  // --- Saving ---------------------------------------------------------------------------------------------------------

  function soon(answer, ms) {
    if (answer.comparison) return;
    if (!answer.failures && isDirty(answer)) say(answer, words.saving);
    if (answer.failures && answer.timer) return; // the next try is on its way
    answer.since ??= Date.now();
    clearTimeout(answer.timer);
    answer.timer = setTimeout(() => save(answer), Math.min(ms, Math.max(answer.since + TYPING_MS - Date.now(), 0)));
  }

  /* Resolves once what is written now has been saved, or refused. */
  async function save(answer) {
    clearTimeout(answer.timer);
    answer.timer = answer.since = null;
    while (answer.sending) await answer.sending;
    if (answer.comparison || !isDirty(answer)) return;
    answer.sending = send(answer, written(answer));
    await answer.sending;
    answer.sending = null;
  }

  async function send(answer, sent) {
    const body = new URLSearchParams(sent);
    body.set("prefix", answer.prefix);
    body.set("seen_version", field(answer, "seen_version").value);
    body.set("seen_bank", field(answer, "seen_bank").value);
    body.set("csrfmiddlewaretoken", answer.form.elements.csrfmiddlewaretoken.value);
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(answer.root.dataset.autosave, { method: "POST", body, signal, keepalive: true });
      if (response.redirected || response.status === 403) {
        await renewToken(answer);
        return retry(answer, words.signedOut);
      }
      if (response.status >= 500) return retry(answer, words.retrying);
      take(answer, sent, response.status, await response.json());
    } catch {
      retry(answer, words.retrying); // no answer, or not one of ours
    }
  }

  function take(answer, sent, status, said) {
    answer.failures = 0;
    if (status === 200) {
      answer.saved = sent;
      sees(answer, said.version);
      say(answer, said.message, "good");
    } else if (said.html) {
      answer.comparison = { ...said, mine: new URLSearchParams(sent) };
      place(answer).innerHTML = said.html;
      say(answer, said.message, "bad");
      return;
    } else {
      say(answer, said.message, "bad");
    }
    if (written(answer) !== sent) soon(answer, SOON_MS);
  }

  function retry(answer, text) {
    say(answer, text, "bad");
    clearTimeout(answer.timer);
    const ms = Math.min(1000 * 2 ** answer.failures, LONGEST_MS) * (0.8 + 0.4 * Math.random());
    answer.failures += 1;
    answer.timer = setTimeout(() => save(answer), ms);
  }

  /* Signing in again in another tab makes this page's token worthless; the page as it is now has the new one. */
  async function renewToken(answer) {
    const page = await (await fetch(location.href)).text();
    const token = new DOMParser().parseFromString(page, "text/html").querySelector("main [name=csrfmiddlewaretoken]");
    if (token) for (const each of document.getElementsByName("csrfmiddlewaretoken")) each.value = token.value;
  }

  // --- Two versions ---------------------------------------------------------------------------------------------------

  const place = ({ root }) => root.querySelector("[data-comparison-place]");

  function choose(answer, event) {
    const said = answer.comparison;
    const choice = event.target.closest("[data-comparison] button")?.value;
    if (!said || !choice) return;
    event.preventDefault();
    answer.comparison = null;
    place(answer).replaceChildren();
    sees(answer, said.version);
    for (const name of FIELDS) {
      const value = valueOf(answer, name);
      const isNewer = value !== said.mine.get(name); // written while the comparison was there
      if (choice === "theirs") put(answer, name, said.theirs[name]);
      else if (choice === "merged" && !isNewer) put(answer, name, said.merged[name]);
      else if (choice === "merged" && name === "note") put(answer, name, [said.theirs.note, value].filter(Boolean).join("\n\n"));
    }
    answer.saved = choice === "theirs" ? written(answer) : asText((name) => said.theirs[name]);
    if (choice === "theirs") say(answer, words.kept, "good");
    field(answer, "note").focus();
    save(answer);
  }

  function put(answer, name, value) {
    const input = field(answer, name);
    if (input) input.value = value;
  }

  // --- Going away -----------------------------------------------------------------------------------------------------

  const unsaved = () => answers.filter((answer) => answer.sending || isDirty(answer));

  document.addEventListener("submit", async (event) => {
    const waiting = unsaved();
    if (event.defaultPrevented) return;
    if (isLeaving || !waiting.length) {
      isLeaving = true;
      return;
    }
    event.preventDefault(); // so that the form goes with the versions that the last saves made
    await Promise.all(waiting.map(save));
    if (answers.some((answer) => answer.failures || answer.comparison)) return;
    isLeaving = true;
    event.target.requestSubmit(event.submitter);
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    const waiting = unsaved();
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.target || !waiting.length || link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    await Promise.all(waiting.map(save));
    location.assign(link.href);
  });

  const answers = [...document.querySelectorAll("[data-autosave]")].map(watch);

  /* What only the buttons of a form send, such as evidence. */
  const isBegun = () => [...document.querySelectorAll("main form :is([type=text], [type=url], [type=date], [type=file])")]
    .some((input) => !input.closest("[data-autosave]") && input.value !== input.defaultValue);

  addEventListener("beforeunload", (event) => {
    if (!isLeaving && (unsaved().length || isBegun())) event.preventDefault();
  });
  addEventListener("online", () => unsaved().forEach(save));
  addEventListener("visibilitychange", () => {
    if (document.hidden) unsaved().forEach(save);
  });
})();
