// Whether a recorded case agrees with us, or differs as the test's table says.
#pragma once

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <string>

#include "tests/conformance/recorded_cases.h"

namespace lockstep {

// `how` we differ; "": we do not. A failure: it is not as `differences` has it.
inline void JudgeRecorded(const std::string& name, const std::string& how,
                          const std::map<std::string, RecordedDifference>& differences,
                          RecordedTally* tally) {
  const auto known = differences.find(name);
  if (how.empty()) {
    ++tally->agree;
    EXPECT_EQ(known, differences.end()) << name << " agrees: strike it from the table";
  } else if (known != differences.end()) {
    ++tally->differ;
    EXPECT_EQ(how, known->second.how) << name;
    std::cout << "differs on purpose: " << name << ": " << known->second.why << "\n";
  } else {
    ++tally->fail;
    ADD_FAILURE() << name << " | " << how << " | ";
  }
}

}  // namespace lockstep
