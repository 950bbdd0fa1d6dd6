#include "cli/screen.h"

#include <unistd.h>

namespace lockstep {

Screen MakeScreen(bool is_terminal, const EnvReader& env) {
  const auto value = [&](std::string_view name) { return env(name).value_or(""); };
  Screen screen;
  screen.live = is_terminal && value("TERM") != "dumb";
  const std::string force = value("CLICOLOR_FORCE");
  const bool is_forced = !force.empty() && force != "0";
  screen.color = (screen.live && value("CLICOLOR") != "0") || is_forced;
  if (!value("NO_COLOR").empty() || value("TERM") == "dumb") screen.color = false;
  return screen;
}

Screen OutputScreen() { return MakeScreen(::isatty(STDOUT_FILENO) == 1, ProcessEnv()); }

}  // namespace lockstep
