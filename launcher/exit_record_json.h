// exit.json and failure.json, the text forms of ExitRecord and FailureRecord.
#pragma once

#include "launcher/job_dir.h"

namespace lockstep {

std::string EncodeExitRecord(const ExitRecord& record);
std::string EncodeFailureRecord(const FailureRecord& failure);
Result<ExitRecord> DecodeExitRecord(std::string_view text, std::string_view file);

}  // namespace lockstep
