// What a user would read about a manifest, for tests.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "operators/admission/validate.h"

namespace lockstep {

// An Experiment that Katib accepts and that runs here.
std::string ValidManifest();
// The same with the first `from` replaced. REQUIRES: it is there
std::string Changed(const std::string& from, const std::string& to);
std::string ChangedIn(std::string yaml, const std::string& from, const std::string& to);

// Every finding about all documents of `yaml` but ConfigMaps, which are there to be looked up;
// other ConfigMaps are not there.
std::vector<Finding> FindingsOf(const std::string& yaml);
// Paths of what is wrong, whoever runs it; of what this version cannot run; of warnings.
std::set<std::string> Faults(const std::string& yaml);
std::set<std::string> NotRunHere(const std::string& yaml);
std::set<std::string> Warnings(const std::string& yaml);
// One line a finding.
std::string Say(const std::string& yaml);

}  // namespace lockstep
