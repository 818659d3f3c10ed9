/** Elements made in one line, without HTML strings. */

export function made(tag, className = '', content = undefined) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (Array.isArray(content)) element.append(...content.filter(Boolean));
  else if (content !== undefined) element.textContent = content;
  return element;
}

export function icon(name) {
  const span = made('span', `icon icon-${name}`);
  span.setAttribute('aria-hidden', 'true');
  return span;
}

export function button(words, className, act, iconName = '') {
  const element = made('button', className);
  element.type = 'button';
  if (iconName) element.append(icon(iconName), ' ');
  element.append(words);
  element.addEventListener('click', act);
  return element;
}

/** A button that shows an icon; its words are its name and its title. */
export function iconButton(iconName, words, act) {
  const element = button('', 'mm-tool', act);
  element.append(icon(iconName), made('span', 'visually-hidden', words));
  element.title = words;
  return element;
}

export function download(blob, name) {
  const link = made('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
