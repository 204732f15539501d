namespace Fabric.Ctl;

/// <summary>What the program has of the world around it; a test gives its own.</summary>
/// <param name="In">Standard input.</param>
/// <param name="Out">Standard output: results.</param>
/// <param name="Error">Standard error: messages.</param>
/// <param name="Environment">Environment variables.</param>
/// <param name="Time">Clock and timers.</param>
/// <param name="Width">Columns of the terminal; null when standard output is not a terminal.</param>
/// <param name="OpenInput">Standard input as octets, for commands that do not read it as text.</param>
public sealed record CtlHost(
    TextReader In, TextWriter Out, TextWriter Error, Func<string, string?> Environment, TimeProvider Time, int? Width, Func<Stream> OpenInput)
{
    /// <summary>The world of the running process.</summary>
    public static CtlHost OfProcess()
    {
        int? width = null;
        if (!Console.IsOutputRedirected)
        {
            try
            {
                width = Math.Max(40, Console.WindowWidth);
            }
            catch (IOException)
            {
                width = null;
            }
        }

        return new(Console.In, Console.Out, Console.Error, System.Environment.GetEnvironmentVariable, TimeProvider.System, width, Console.OpenStandardInput);
    }
}
