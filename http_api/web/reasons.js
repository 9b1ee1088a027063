/** Puts the graph's reasons into words. */

const DAY_H = 24;

/** Spells one reason of a recommendation, `{kind, facts}`; null for one that is not known here. */
export function inWords({ kind, facts }) {
  switch (kind) {
    case 'due':
      return dueInWords(facts.due_in_hours);
    case 'priority':
      return `${facts.priority} priority`;
    case 'unblocks': {
      const todos = `unblocks ${count(facts.todos, 'todo')}`;
      if (!facts.people) return todos;
      return `${todos}, ${facts.people === 1 ? '1 person waits' : `${facts.people} people wait`}`;
    }
    case 'assigned':
      return 'assigned to you';
    case 'age':
      return `${lasting(facts.days)} old`;
    default:
      return null;
  }
}

/** Spells when something is due; `hours` are whole, negative when it is over. */
export function dueInWords(hours) {
  if (hours < 0) return `overdue by ${hours > -DAY_H ? count(-hours, 'hour') : lasting(-hours / DAY_H)}`;
  if (hours === 0) return 'due now';
  if (hours < DAY_H) return `due in ${count(hours, 'hour')}`;
  if (hours < 2 * DAY_H) return 'due tomorrow';
  return `due in ${lasting(hours / DAY_H)}`;
}

function lasting(days) {
  const whole = Math.floor(days);
  return whole < 14 ? count(whole, 'day') : count(Math.floor(whole / 7), 'week');
}

const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;
