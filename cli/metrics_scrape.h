// The subverb `lockstep metrics scrape`.
#pragma once

#include "cli/verb.h"

namespace lockstep {

void AddScrapeVerb(CLI::App& metrics, VerbContext& context);

}  // namespace lockstep
