
(function () {
  "use strict";
  var words = document.getElementById("words"), verdict = document.getElementById("verdict"), count = document.getElementById("count");
  var rows = Array.prototype.slice.call(document.querySelectorAll("#runs tbody tr"));
  function filter() {
    var wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row) {
      var text = row.getAttribute("data-words");
      var fits = (!verdict.value || row.getAttribute("data-verdict") === verdict.value) && wanted.every(function (word) { return text.indexOf(word) >= 0; });
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    count.textContent = shown + " of " + rows.length;
  }
  words.addEventListener("input", filter);
  verdict.addEventListener("change", filter);
  document.querySelector(".find").hidden = rows.length === 0;
  filter();
})();
