// What the server leaves in every page. It must be there before a program is imported.
const pageLocale = {
  months: "January February March April May June July August September October November December".split(" "),
  months_in_dates: "January February March April May June July August September October November December".split(" "),
  months_short: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" "),
  decimal: ".",
  thousands: "\u00a0",
  zone: "Asia/Tashkent",
};

document.head.innerHTML = `<link rel="icon" href="/static/frontend_map/icon.svg"><script type="application/json" id="page-locale">${JSON.stringify(pageLocale)}</script>`;
