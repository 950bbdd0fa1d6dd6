// Images of a job that is to run on this machine as it is. Pure.
#pragma once

#include <string>

#include "operators/api/config_map.h"
#include "operators/api/object.h"

namespace lockstep {

// "images a:1 and b:2 are not pulled: ..." for a job or an Experiment whose images are not in the
// operator's image map, and how to get what is in them; "": nothing to say. `settings`: the
// operator's, as GET /version tells them.
std::string ImageNote(const Object& object, const Json& settings,
                      const ConfigMapLookup& config_maps);

}  // namespace lockstep
