using System.Diagnostics;

namespace Fabric.Controller.Security;

/// <summary>The key with which the controller logs in to devices: the one given, or one made at first start.</summary>
public static class SshKey
{
    /// <summary>Makes a key pair where there is none; its public half is beside it, ending in <c>.pub</c>, for the devices.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static async Task EnsureAsync(string path, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
        {
            return;
        }

        var start = new ProcessStartInfo("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "fabricd", "-f", path])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var said = await process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
            {
                throw new IOException($"no SSH key can be made at {path}: {said.Trim()}");
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"no SSH key can be made, ssh-keygen is missing ({e.Message}); install openssh-client or give --ssh-key", e);
        }
    }
}
