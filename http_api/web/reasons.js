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

/** Spells when something is due; `hours` from `now` are whole, negative when it is over. */
export function dueInWords(hours, now = new Date()) {
  if (hours < 0) return `overdue by ${hours > -DAY_H ? count(-hours, 'hour') : lasting(-hours / DAY_H)}`;
  if (hours === 0) return 'due now';
  if (hours < DAY_H) return `due in ${count(hours, 'hour')}`;
  const due = new Date(now);
  due.setHours(due.getHours() + hours);
  const days = Math.round((midnight(due) - midnight(now)) / (DAY_H * 3_600_000)); // as on a calendar
  return days === 1 ? 'due tomorrow' : `due in ${lasting(days)}`;
}

const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);

function lasting(days) {
  const whole = Math.floor(days);
  return whole < 14 ? count(whole, 'day') : count(Math.floor(whole / 7), 'week');
}

const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;
