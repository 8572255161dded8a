/* Keeps parts of a page fresh while somebody looks at them.

   <div id="…" data-live-url data-live-version data-live-seconds data-live-stale data-live-at> is asked for again with the
   version it has (?v=…): 204 changes nothing, 200 brings the element anew. Nothing is asked in a hidden tab; failures
   double the interval up to two minutes. Focus, ticked boxes, open details, scroll positions and what is being typed are kept.
   <time data-age> grows older by itself. */
"use strict";

(() => {
  const SLOWEST_SECONDS = 120;
  const JITTER = 0.2;
  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

  const serverAhead = Date.parse(document.body.dataset.now) - Date.now();
  const now = () => Date.now() + serverAhead;
  const patterns = JSON.parse(document.getElementById("age-patterns").textContent);
  const notice = document.getElementById("stale-notice");
  const regions = new Map();

  // --- Asking again -----------------------------------------------------------------------------------------------

  function watch() {
    for (const element of document.querySelectorAll("[data-live-url][id]")) {
      const region = regions.get(element.id) ?? { failures: 0, heardAt: now() };
      if (region.element === element) continue;
      region.element = element;
      regions.set(element.id, region);
      schedule(region);
    }
    for (const [id, region] of regions) if (!region.element.isConnected) regions.delete(id);
  }

  function schedule(region) {
    const seconds = Math.min(Number(region.element.dataset.liveSeconds) * 2 ** region.failures, SLOWEST_SECONDS);
    const jittered = seconds * (1 - JITTER + 2 * JITTER * Math.random());
    clearTimeout(region.timer);
    region.isDue = false;
    region.timer = setTimeout(() => ask(region), jittered * 1000);
  }

  function ask(region) {
    if (document.hidden) {
      region.isDue = true;
      return;
    }
    const { element } = region;
    const values = { v: element.dataset.liveVersion };
    htmx.ajax("GET", element.dataset.liveUrl, { source: element, target: element, swap: "outerHTML", values })
      .catch(() => {}); // failures are counted in htmx:afterRequest
  }

  const regionOf = (event) => regions.get(event.detail.requestConfig?.elt?.id);

  document.addEventListener("htmx:afterRequest", (event) => {
    const region = regionOf(event);
    if (!region) return;
    region.failures = event.detail.successful ? 0 : region.failures + 1;
    if (event.detail.successful) region.heardAt = now();
    watch();
    schedule(region);
    tell();
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    tick();
    for (const region of regions.values()) if (region.isDue) ask(region);
  });

  // --- What a reader had in hand ------------------------------------------------------------------------------------

  const keyOf = (element) => [element.tagName, element.getAttribute("href"), element.name, element.textContent].join("|");
  const alike = (root, key) => [...root.querySelectorAll(FOCUSABLE)].filter((each) => keyOf(each) === key);

  function remember(root) {
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    const key = focused && keyOf(focused);
    return {
      key,
      place: focused && alike(root, key).indexOf(focused),
      href: focused?.getAttribute("href"),
      ticked: [...root.querySelectorAll("input[type=checkbox]:checked")].map((each) => each.value),
      open: [...root.querySelectorAll("details")].map((each) => each.open),
      scroll: [...root.querySelectorAll(".table-box")].map((each) => [each.scrollLeft, each.scrollTop]),
    };
  }

  function restore(root, memory) {
    for (const box of root.querySelectorAll("input[type=checkbox]")) if (memory.ticked.includes(box.value)) box.checked = true;
    root.querySelectorAll("details").forEach((each, i) => { if (memory.open[i]) each.open = true; });
    root.querySelectorAll(".table-box").forEach((each, i) => { if (memory.scroll[i]) each.scrollTo(...memory.scroll[i]); });
    if (memory.key && !root.contains(document.activeElement)) {
      const byHref = memory.href && root.querySelector(`a[href="${CSS.escape(memory.href)}"]`);
      (alike(root, memory.key)[memory.place] ?? byHref)?.focus({ preventScroll: true });
    }
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const region = regionOf(event);
    if (!region || event.detail.xhr.status !== 200) return;
    const { element } = region;
    const asked = new URL(element.dataset.liveUrl, location.href).pathname;
    if (new URL(event.detail.xhr.responseURL).pathname !== asked) {
      event.detail.shouldSwap = false; // sent elsewhere, such as to the sign-in page
      location.reload();
    } else if (element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) {
      event.detail.shouldSwap = false; // somebody is typing here: the next round brings the change
    } else {
      region.memory = remember(element);
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const region = regionOf(event);
    const element = region && document.getElementById(region.element.id);
    if (!element || !region.memory) return;
    restore(element, region.memory);
    region.memory = null;
    tick();
  });

  // --- Ages and the notice ------------------------------------------------------------------------------------------

  function written(seconds) {
    const [unit, length] = seconds < 60 ? ["s", 1] : seconds < 3600 ? ["min", 60] : seconds < 172800 ? ["h", 3600] : ["d", 86400];
    return patterns[unit].replace("{n}", Math.floor(Math.max(seconds, 0) / length));
  }

  function tell() {
    let text = "";
    for (const { element, failures, heardAt } of regions.values()) {
      const dataAt = Date.parse(element.dataset.liveAt ?? "") || heardAt;
      const seconds = (now() - (failures ? Math.min(heardAt, dataAt) : dataAt)) / 1000;
      const pattern = failures > 1 ? notice.dataset.unreachable : seconds > element.dataset.liveStale ? notice.dataset.old : "";
      text = pattern.replace("{minutes}", Math.floor(seconds / 60)) || text;
    }
    notice.hidden = !text;
    const span = notice.querySelector("span");
    if (span.textContent !== text) span.textContent = text;
  }

  function tick() {
    if (document.hidden) return;
    for (const time of document.querySelectorAll("time[data-age]")) {
      const text = written((now() - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
    tell();
  }

  watch();
  setInterval(tick, 1000);
})();
