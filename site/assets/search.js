// Search, loaded when somebody first uses the box. Fetches one shard for each word, then the titles of what was found.
(function () {
  "use strict";
  var box = document.querySelector("[data-search]");
  var input = box.querySelector("input"), list = box.querySelector("ul"), none = box.querySelector("p");
  var folder = box.dataset.search, kept = {}, asked = 0;
  var PAGES_A_FILE = 50, MOST = 8;

  function skeletons(text) { // as site/sitegen/render/search_index.py makes them
    var bare = text.toLowerCase().normalize("NFD").replace(/[\p{M}\p{Cf}]/gu, "");
    return (bare.match(/[\p{L}\p{N}]+/gu) || []).filter(function (word) { return Array.from(word).length > 1; });
  }
  function load(name) {
    kept[name] = kept[name] || fetch(folder + name).then(function (answer) { return answer.ok ? answer.json() : {}; });
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
    var words = skeletons(input.value), mine = ++asked;
    if (!words.length) { list.replaceChildren(); none.hidden = true; return; }
    find(words).then(function (numbers) {
      if (mine !== asked) return;
      none.hidden = numbers.length > 0;
      return show(numbers);
    });
  }
  input.addEventListener("input", search);
  search();
})();
