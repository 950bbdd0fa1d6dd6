// Names of trials. Pure: the same point of the same Experiment has the same name after any restart,
// so that creating its Trial twice is one Trial.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace lockstep {

// FNV-1a with a final mix: stable over processes and versions, unlike std::hash.
std::uint64_t StableHash(std::string_view text);

// "<experiment>-<8 letters or digits>" for the `index`th point; not one of `taken`.
std::string TrialName(std::string_view experiment, std::string_view experiment_uid,
                      std::size_t index, const std::set<std::string>& taken);

}  // namespace lockstep
