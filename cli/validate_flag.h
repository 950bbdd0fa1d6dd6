// --validate=strict|warn|ignore, as kubectl has it: what becomes of fields that no kind has.
#pragma once

#include "cli/manifest.h"

namespace CLI {
class App;
}

namespace lockstep {

// `value` outlives `verb`.
void AddValidateFlag(CLI::App& verb, UnknownFields& value);

}  // namespace lockstep
