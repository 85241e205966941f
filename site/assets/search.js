// Search, loaded when somebody first uses the box. Fetches one shard for each word, then the titles of what was found.
(function () {
  "use strict";
  var box = document.querySelector("[data-search]");
  var input = box.querySelector("input"), list = box.querySelector("ul"), none = box.querySelector("p");
  var folder = box.dataset.search, kept = {}, asked = 0;
  var PAGES_A_FILE = 50, MOST = 8;

  // From here to the end of wanted(): as forms/core/i18n/search_words.py makes them (tests/search_cases.json).
  var BLOCKS = [0x900, 0x980, 0xA00, 0xA80, 0xB00, 0xC00, 0xC80, 0xD00];
  function signs(block, places) {
    return "[" + places.map(function (place) { return String.fromCharCode(block + place); }).join("") + "]";
  }
  var AFTER = [];
  [[0x15, 0x18], [0x1A, 0x1D], [0x1F, 0x22], [0x24, 0x27], [0x2A, 0x2D], [0x36, 0x38]].forEach(function (range) {
    for (var place = range[0]; place <= range[1]; place += 1) AFTER.push(place);
  });
  var HALF_NASAL = new RegExp(BLOCKS.map(function (block) {
    var half = signs(block, [0x19, 0x1E, 0x23, 0x28, 0x2E]) + signs(block, [0x3C]) + "?" + signs(block, [0x4D]);
    return half + "(?=" + signs(block, AFTER) + ")";
  }).join("|"), "g");
  function digit(sign) { // its place in its row of ten
    var value = 0, code = sign.codePointAt(0);
    while (/\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
    return String(value % 10);
  }
  function bare(text) {
    var plain = text.normalize("NFKD").toLowerCase().replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, "").replace(/\u0bb6/g, "\u0bb8"); // shri
    return plain.replace(HALF_NASAL, "").replace(/[\p{M}\p{Cf}]/gu, "").replace(/\p{Nd}/gu, digit);
  }
  function wanted(text) {
    var whole = bare(text).replace(/\d(?:[ ().\u2010-\u2015-]{0,2}\d)+/g, function (found) {
      var digits = found.replace(/\D/g, "");
      return digits.length < 10 || digits.length > 15 ? found : " " + digits.replace(/^(?:0|(?:00)?91)(?=[6-9]\d{9}$)/, "") + " ";
    });
    return (whole.match(/[\p{L}\p{N}]+/gu) || []).filter(function (word) { return Array.from(word).length > 1; });
  }
  function load(name) {
    kept[name] = kept[name] || fetch(folder + name).then(function (answer) {
      if (answer.ok) return answer.json();
      if (answer.status !== 404) throw answer;
      return {};
    }).catch(function (error) { // a line that broke is no word that nobody wrote: the next letter asks again
      delete kept[name];
      throw error;
    });
    return kept[name];
  }
  function shard(word) {
    return Array.from(word).slice(0, 2).map(function (c) { return c.codePointAt(0).toString(16); }).join("-") + ".json";
  }
  function fits(known, word) { // the one begins with the other: endings differ, beginnings do not
    return known.startsWith(word) || (known.length > 2 && known.length >= word.length - 4 && word.startsWith(known));
  }
  function find(words) {
    return Promise.all(words.map(function (word) {
      return load(shard(word)).then(function (rows) {
        var scores = {};
        Object.keys(rows).filter(function (known) { return fits(known, word); }).forEach(function (known) {
          for (var i = 0; i < rows[known].length; i += 2) {
            var exact = known === word ? 3 : 1;
            scores[rows[known][i]] = (scores[rows[known][i]] || 0) + exact * rows[known][i + 1];
          }
        });
        return scores;
      });
    })).then(function (all) {
      var total = {};
      all.forEach(function (scores) {
        Object.keys(scores).forEach(function (page) { total[page] = (total[page] || 0) + scores[page] + 20; });
      });
      return Object.keys(total).sort(function (a, b) { return total[b] - total[a]; }).slice(0, MOST);
    });
  }
  function show(numbers) {
    return Promise.all(numbers.map(function (number) {
      return load("pages-" + Math.floor(number / PAGES_A_FILE) + ".json").then(function (rows) { return rows[number % PAGES_A_FILE]; });
    })).then(function (rows) {
      list.replaceChildren.apply(list, rows.map(function (row) {
        var item = document.createElement("li"), link = document.createElement("a"), title = document.createElement("strong");
        var about = document.createElement("span");
        link.href = folder.replace("search/", "") + row[0];
        title.textContent = row[1];
        about.textContent = row[2];
        link.append(title, about);
        item.append(link);
        return item;
      }));
    });
  }
  function search() {
    var words = wanted(input.value), mine = ++asked;
    if (!words.length) { list.replaceChildren(); none.hidden = true; return; }
    find(words).then(function (numbers) {
      if (mine !== asked) return;
      none.hidden = numbers.length > 0;
      return show(numbers);
    }).catch(function () {});
  }
  input.addEventListener("input", search);
  search();
})();
