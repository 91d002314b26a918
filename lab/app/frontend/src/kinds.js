const PROFESSIONS = [
  "guardian", "warrior", "revenant", "engineer", "ranger", "thief", "elementalist", "mesmer", "necromancer",
];
const ROLES = ["support", "damage", "control", "scout"];

export const SQUADS = {
  path: "/squads",
  title: "Squads",
  one: "squad",
  columns: [["name", "Name"], ["description", "About"], ["members", "Members"]],
  choices: [],
};
export const BUILDS = {
  path: "/builds",
  title: "Builds",
  one: "build",
  columns: [["name", "Name"], ["profession", "Profession"], ["role", "Role"], ["description", "About"]],
  choices: [["profession", "Profession", PROFESSIONS], ["role", "Role", ROLES]],
};
