/* Lets a reader take a chart in hand: the interactive library is fetched at the first click, not before.

   <figure id="x" data-chart data-bundle="…" data-figure="{…}" [data-explore-now]> holds [data-chart-drawing] parts, a div
   "x-plotly" that survives refreshes (hx-preserve), and a hidden button [data-explore]. */
"use strict";

(() => {
  const language = document.documentElement.lang;
  const FRENCH = {
    moduleType: "locale",
    name: "fr",
    dictionary: {
      "Autoscale": "Échelle automatique",
      "Double-click to zoom back out": "Double-cliquez pour revenir à la vue entière",
      "Download plot as a PNG": "Télécharger en PNG",
      "Pan": "Déplacer",
      "Reset axes": "Revenir à la vue entière",
      "Snapshot succeeded": "Image enregistrée",
      "Sorry, there was a problem downloading your snapshot!": "L’image n’a pas pu être enregistrée.",
      "Taking snapshot - this may take a few seconds": "Préparation de l’image…",
      "Zoom": "Zoom",
      "Zoom in": "Zoom avant",
      "Zoom out": "Zoom arrière",
    },
    format: {
      days: ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
      shortDays: ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
      months: ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"],
      shortMonths: ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
      date: "%d/%m/%Y",
      periods: ["AM", "PM"],
      dateTime: "%A %e %B %Y %X",
      time: "%H:%M:%S",
      decimal: ",",
      thousands: "\u202f",
      grouping: [3],
      currency: ["", "\u00a0€"],
      year: "%Y",
      month: "%b %Y",
      dayMonth: "%-d %b",
      dayMonthYear: "%-d %b %Y",
    },
  };
  // Day first and a 24-hour clock, as on the rest of the page.
  const ENGLISH = {
    moduleType: "locale",
    name: "en",
    dictionary: {},
    format: {
      days: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
      shortDays: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
      months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
      shortMonths: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
      date: "%d/%m/%Y",
      periods: ["AM", "PM"],
      dateTime: "%A %e %B %Y %X",
      time: "%H:%M:%S",
      decimal: ".",
      thousands: ",",
      grouping: [3],
      currency: ["€", ""],
      year: "%Y",
      month: "%b %Y",
      dayMonth: "%-d %b",
      dayMonthYear: "%-d %b %Y",
    },
  };
  const CONFIG = {
    locale: language,
    responsive: true,
    displaylogo: false,
    showSendToCloud: false, // on by default, and would upload the chart
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  };

  let library = null;

  function fetched(address) {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = () => { Plotly.register([ENGLISH, FRENCH]); resolve(); };
      script.onerror = () => { library = null; script.remove(); reject(new Error(`${address} cannot be fetched`)); };
      document.head.append(script);
    });
    return library;
  }

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const stage = (figure) => document.getElementById(`${figure.id}-plotly`);
  const isOpen = (figure) => Boolean(stage(figure)?._fullLayout);

  function coloured(spec) {
    const [ink, muted, line, surface] = ["--ink", "--muted", "--line", "--surface"].map(colour);
    for (const trace of spec.data) {
      trace.line.color = trace.marker.color = colour(`--series-${trace.meta}`);
      if (trace.fill === "tonexty") trace.fillcolor = `${trace.line.color}2e`;
    }
    for (const axis of [spec.layout.xaxis, spec.layout.yaxis]) {
      Object.assign(axis, { gridcolor: line, linecolor: line, zerolinecolor: muted, tickfont: { color: muted } });
    }
    for (const shape of spec.layout.shapes) {
      shape.line.color = shape.name === "mark" ? muted : ink;
      if (shape.type === "rect") shape.fillcolor = line;
    }
    const font = { color: ink, family: getComputedStyle(document.body).fontFamily, size: 13 };
    const hoverlabel = { bgcolor: surface, bordercolor: line, font };
    Object.assign(spec.layout, { paper_bgcolor: surface, plot_bgcolor: surface, font, hoverlabel });
    return spec;
  }

  function draw(figure) {
    const spec = coloured(JSON.parse(figure.dataset.figure));
    show(figure, true);
    return Plotly.react(stage(figure), spec.data, spec.layout, CONFIG);
  }

  function show(figure, isInteractive) {
    stage(figure).hidden = !isInteractive;
    for (const part of figure.querySelectorAll("[data-chart-drawing]")) part.hidden = isInteractive;
    const button = figure.querySelector("[data-explore]");
    button.hidden = false;
    button.setAttribute("aria-pressed", String(isInteractive));
  }

  async function explore(figure) {
    const button = figure.querySelector("[data-explore]");
    button.disabled = true;
    try {
      await fetched(figure.dataset.bundle);
      await draw(document.getElementById(figure.id) ?? figure);
    } catch (error) {
      show(figure, false);
      throw error;
    } finally {
      button.disabled = false;
    }
  }

  function still(figure) {
    Plotly.purge(stage(figure));
    show(figure, false);
  }

  function prepare() {
    for (const figure of document.querySelectorAll("[data-chart]")) {
      if (isOpen(figure)) draw(figure);
      else {
        show(figure, false);
        if ("exploreNow" in figure.dataset) explore(figure);
      }
    }
  }

  document.addEventListener("click", (event) => {
    const figure = event.target.closest("[data-explore]")?.closest("[data-chart]");
    if (figure) (isOpen(figure) ? still : explore)(figure);
  });
  document.addEventListener("htmx:afterSwap", prepare);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", prepare);
  prepare();
})();
