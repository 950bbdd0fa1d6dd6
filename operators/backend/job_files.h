// Reads the files that a job has left in its job directory, and only those: what a program may have
// put there, links above all, leads nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/backend/job_backend.h"

namespace lockstep {

// See JobBackend::ReadFile and ListFiles.
Result<FilePiece> ReadJobFile(const std::string& job_dir, std::string_view name,
                              std::uint64_t offset, std::size_t bytes_max);
Result<std::vector<ListedFile>> ListJobFiles(const std::string& job_dir, std::string_view folder);

}  // namespace lockstep
