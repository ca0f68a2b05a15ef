/** Filters and sorts what is on the page. The page is whole without it: it shows its controls only when it runs. */
export const SCRIPT = `
(() => {
  const bar = document.getElementById('filter');
  if (bar) {
    const [text, level, said] = ['filter-text', 'filter-level', 'filter-said'].map((id) => document.getElementById(id));
    const levels = ['informational', 'low', 'medium', 'high', 'critical'];
    const items = [...document.querySelectorAll('[data-item]')].map((element) => {
      const group = element.closest('.lane-group, .rule');
      const heading = group ? group.querySelector('h3').textContent : '';
      // What every incident is asked would match everywhere.
      const guide = element.querySelector('.guide');
      const own = guide ? element.textContent.replace(guide.textContent, '') : element.textContent;
      return { element, text: (heading + ' ' + own).toLowerCase(), level: levels.indexOf(element.dataset.level) };
    });
    const groups = [...document.querySelectorAll('.lane-group, .rule, .level-group')];
    const filter = () => {
      const words = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
      const least = levels.indexOf(level.value);
      let shown = 0;
      for (const item of items) {
        item.element.hidden = (item.level >= 0 && item.level < least) || !words.every((word) => item.text.includes(word));
        if (!item.element.hidden && !item.element.matches('.lane')) shown++;
      }
      for (const group of groups) group.hidden = !group.querySelector('[data-item]:not([hidden])');
      said.textContent = words.length > 0 || least > 0 ? shown + ' rows and findings match' : '';
    };
    text.addEventListener('input', filter);
    level.addEventListener('change', filter);
    bar.hidden = false;
    addEventListener('hashchange', () => {
      const target = document.getElementById(location.hash.slice(1));
      if (target && target.hidden) { text.value = ''; level.value = 'informational'; filter(); target.scrollIntoView(); }
    });
  }
  for (const table of document.querySelectorAll('table[data-sort]')) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        for (const other of heads) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
        const order = new Intl.Collator('en', { numeric: true }).compare;
        const rows = [...table.tBodies[0].rows].map((row) => ({ row, key: key(row) }));
        rows.sort((a, b) => (down ? order(b.key, a.key) : order(a.key, b.key)));
        table.tBodies[0].append(...rows.map(({ row }) => row));
      });
    });
  }
})();
`
