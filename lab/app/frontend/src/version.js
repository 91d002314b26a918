// Not in package.json: a new release would then install all packages anew.
export const VERSION = "v3.1.0";
