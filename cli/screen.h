// Screen: what may be drawn where output goes. Pure but for OutputScreen.
#pragma once

#include "runtime/base/job_env.h"

namespace lockstep {

struct Screen {
  bool live = false;   // the cursor can go back, so that what was drawn can be drawn over
  bool color = false;  // escape sequences for colour are wanted
};

// By the habits of command lines: NO_COLOR (https://no-color.org) and TERM=dumb turn colour off,
// CLICOLOR=0 too; CLICOLOR_FORCE turns it on where there is no terminal.
Screen MakeScreen(bool is_terminal, const EnvReader& env);

// Of standard output.
Screen OutputScreen();

}  // namespace lockstep
