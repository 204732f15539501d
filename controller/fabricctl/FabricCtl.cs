using System.CommandLine;
using Fabric.Ctl.Commands;
using Fabric.Ctl.Output;

namespace Fabric.Ctl;

/// <summary>The program, from its arguments to its exit code.</summary>
public static class FabricCtl
{
    /// <summary>Runs one command.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CtlHost host, CancellationToken cancellationToken)
    {
        var parsed = CommandTree.Build(host).Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                host.Error.WriteLine($"error: {Printer.Clean(string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))}");
            }

            host.Error.WriteLine("'fabricctl --help' and 'fabricctl COMMAND --help' say what there is");
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
                cancellationToken);
        }
        catch (CtlException e)
        {
            var lines = e.Message.Split('\n');
            host.Error.WriteLine($"error: {Printer.Clean(lines[0])}");
            foreach (var line in lines.Skip(1))
            {
                host.Error.WriteLine(Printer.Clean(line));
            }

            return e.ExitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 130;
        }
        catch (IOException e)
        {
            // Standard output was closed: 'fabricctl get … | head'.
            host.Error.WriteLine($"error: {e.Message}");
            return ExitCodes.Refused;
        }
        finally
        {
            await host.Out.FlushAsync(CancellationToken.None);
        }
    }
}
